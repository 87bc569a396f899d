// Runs once, on an empty database: the user of the sink, which may read and write
// its own database and nothing else.
db.getSiblingDB('cashtag').createUser({
  user: 'cashtag',
  pwd: process.env.MONGO_PASSWORD,
  roles: [{ role: 'readWrite', db: 'cashtag' }],
})
