// Runs kinesalite, somebody else's Kinesis, for the tests tagged peers.
//
// It listens on a free port of loopback, which kinesalite's own command line
// cannot be told to, prints the address as its first line and ends when its
// standard input closes, so that it never outlives the test that started it.
'use strict'

const server = require('kinesalite')({ createStreamMs: 20, deleteStreamMs: 20 })

server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`)
})

process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
