package main

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"cashtag/services/archive"
	"cashtag/services/kinesis"
	"cashtag/services/mongo"
	"cashtag/streams"
)

// FarEnds says where the sinks store. An address that is not given stands for the
// real service in `run`, and for a stand-in on this machine in `up`.
type FarEnds struct {
	MongoURI      string                   `name:"mongo-uri" placeholder:"URI" help:"MongoDB to write to; one with a password comes from MONGO_URI or MONGO_URI_FILE instead."`
	MongoDatabase string                   `name:"mongo-database" env:"MONGO_DATABASE" default:"cashtag" help:"Database in MongoDB."`
	MongoTTL      map[string]time.Duration `name:"mongo-ttl" env:"MONGO_TTL" placeholder:"STREAM=AGE" help:"How long MongoDB keeps the documents of a stream, such as LOGS=720h; the others it keeps for good."`

	S3Endpoint string `name:"s3-endpoint" env:"S3_ENDPOINT" placeholder:"URL" help:"URL of an S3 server other than Amazon's."`
	S3Bucket   string `name:"s3-bucket" env:"S3_BUCKET" default:"cashtag-archive" help:"Bucket of the archive."`

	KinesisEndpoint string `name:"kinesis-endpoint" env:"KINESIS_ENDPOINT" placeholder:"URL" help:"URL of a Kinesis server other than Amazon's."`
	KinesisTweets   string `name:"kinesis-tweets" env:"KINESIS_TWEETS" default:"cashtag-tweets" help:"Kinesis stream of the tweets."`
	KinesisQuotes   string `name:"kinesis-quotes" env:"KINESIS_QUOTES" default:"cashtag-quotes" help:"Kinesis stream of the quotes."`

	retrainFlags `embed:""`
	watchFlags   `embed:""`

	AWSRegion string `name:"aws-region" env:"AWS_REGION" placeholder:"REGION" help:"Region of Kinesis and S3."`
	Create    bool   `help:"Create Kinesis streams and the bucket where they are missing."`
}

// farEnds is where the sinks of one process store.
type farEnds struct {
	mongo   mongo.Config
	kinesis kinesis.Config
	archive archive.Config
	retrain retraining
	watch   watching
}

// resolve makes the sinks' configurations, with the URI of MongoDB from the
// environment where no flag gives it.
func (f FarEnds) resolve() (farEnds, error) {
	uri := f.MongoURI
	if parsed, err := url.Parse(uri); err == nil && parsed.User != nil {
		return farEnds{}, usageError("--mongo-uri holds a password, which other users of this machine can read: give it by MONGO_URI or MONGO_URI_FILE")
	}
	if uri == "" {
		var err error
		if uri, err = secret("MONGO_URI"); err != nil {
			return farEnds{}, err
		}
	}
	ends := farEnds{mongo: mongo.DefaultConfig(), kinesis: kinesis.DefaultConfig(), archive: archive.DefaultConfig()}
	ends.mongo.URI, ends.mongo.Database, ends.mongo.TTL = uri, f.MongoDatabase, f.MongoTTL
	ends.kinesis.Endpoint, ends.kinesis.Region, ends.kinesis.Create = f.KinesisEndpoint, f.AWSRegion, f.Create
	ends.kinesis.Streams = map[string]string{streams.Tweets: f.KinesisTweets, streams.Quotes: f.KinesisQuotes}
	ends.archive.Endpoint, ends.archive.Region, ends.archive.Create = f.S3Endpoint, f.AWSRegion, f.Create
	ends.archive.Bucket, ends.archive.PathStyle = f.S3Bucket, f.S3Endpoint != ""
	var err error
	if ends.retrain, err = f.retrainFlags.resolve(); err != nil {
		return farEnds{}, err
	}
	ends.watch, err = f.watchFlags.resolve()
	return ends, err
}

// checkNames refuses a name that is none of allowed.
func checkNames(names, allowed []string) error {
	for _, name := range names {
		if !slices.Contains(allowed, name) {
			return usageError("service %q is not known: choose from %s", name, strings.Join(allowed, ", "))
		}
	}
	if len(names) == 0 {
		return errors.New("no service named: choose from " + strings.Join(allowed, ", "))
	}
	return nil
}
