// Package deploy holds what docker-compose.yml gives its containers: the
// configuration of the NATS server with a user for each service, and the user of
// the MongoDB sink.
//
// Its tests stand in for a Docker engine. They read docker-compose.yml as compose
// does and hold it to the rules: exact versions, no root and no shell in our
// containers, no secret on a command line, a health check for whatever stays up.
// With the build tag compose they run every container's command line as a
// process, on the NATS configuration that lies here.
//
// It does not show that the images of others do what they say.
package deploy
