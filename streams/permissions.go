package streams

import (
	"fmt"
	"slices"
	"strings"
)

// ServiceReplay plays tapes into the streams.
const ServiceReplay = "replay"

// The sources.
const (
	ServiceTwitter = "twitter"
	ServiceBluesky = "bluesky"
	ServiceStocks  = "stocks"
)

// ServiceManager states what the market does.
const ServiceManager = "manager"

// ServiceCounts counts what the sources saw.
const ServiceCounts = "counts"

// ServiceAPI observes: it reads where everything stands, and the flags, and writes
// its log alone.
const ServiceAPI = "api"

// UserOperator is the user of people and of what creates the topology: it has
// every right.
const UserOperator = "operator"

// Services lists every service that connects with permissions of its own.
func Services() []string {
	return []string{
		ServiceKinesis, ServiceMongo, ServiceArchive, ServiceSentiment, ServiceFeatures, ServiceEraser, ServiceAlerts,
		ServiceOutcomes, ServicePredictor, ServiceAnalysis, ServiceReplay, ServiceAPI,
		ServiceTwitter, ServiceBluesky, ServiceStocks, ServiceManager, ServiceCounts,
	}
}

// InboxPrefix is where answers to one service arrive, so that no service can read
// those to another.
func InboxPrefix(service string) string { return "_INBOX_" + service }

// grants is what a service may do beside what all of them do.
type grants struct {
	publishes []string // streams whose events it publishes
	places    bool     // looks for its place in the streams that it publishes
	ingests   []string // subjects that a source publishes on, and reads its past of; it follows the market
	states    []string // subjects that it publishes on only after their last event
	observes  bool     // asks where every stream and consumer stands
	buckets   []string // buckets that it writes
	leases    bool     // of its workers one is active, by lease
	erases    []string // streams that it reads and erases messages of
	reads     []string // streams that it reads without a consumer
}

var grantsOf = map[string]grants{
	ServiceKinesis:   {leases: true},
	ServiceMongo:     {},
	ServiceArchive:   {buckets: []string{BucketBlocks}},
	ServiceSentiment: {publishes: []string{Sentiment}},
	ServiceFeatures:  {publishes: []string{Features}, places: true, buckets: []string{BucketCheckpoints}},
	ServiceAlerts:    {publishes: []string{Alerts}, places: true, buckets: []string{BucketCheckpoints}},
	ServicePredictor: {publishes: []string{Predictions}, reads: []string{Models}},
	ServiceAnalysis: {
		publishes: []string{Models}, reads: []string{Tweets, Quotes, Market, Models}, buckets: []string{BucketCheckpoints},
	},
	ServiceOutcomes: {publishes: []string{Outcomes}, places: true, buckets: []string{BucketCheckpoints}, reads: []string{Models}},
	ServiceAPI:      {observes: true},
	ServiceReplay:   {publishes: []string{Tweets, Quotes, Market}, places: true},
	ServiceTwitter:  {ingests: []string{"tweets.x.*"}},
	ServiceBluesky:  {ingests: []string{"tweets.bluesky.*"}, reads: []string{Sentiment, Dead, Retry}},
	ServiceStocks: {ingests: []string{
		"quotes.iex.*", "quotes.cboe.*",
		"market.XNYS.symbol.*", "market.XNYS.session.halted", "market.XNYS.session.resumed",
	}},
	ServiceManager: {states: []string{
		"market.XNYS.session.opened", "market.XNYS.session.closed", "market.XNYS.session.early_close", "market.XNYS.clock",
	}},
	ServiceCounts: {publishes: []string{Counts}},
	ServiceEraser: {erases: []string{Tweets, Dead, Retry}},
}

// Permissions returns the subjects that a service may publish and subscribe, and
// no more than it needs: its own consumers, its own events, its log and its dead
// letters, the flags to read, and its own inbox. It returns an error for a service
// that is not known.
func Permissions(service string) (publish, subscribe []string, err error) {
	grant, ok := grantsOf[service]
	if !ok {
		return nil, nil, fmt.Errorf("permissions of service %q: must be one of %q", service, Services())
	}
	publish = []string{"logs." + service + ".>", streamInfo(Logs)}
	publish = append(publish, readBucket(BucketFlags)...)
	publish = append(publish, readBucket(BucketConfig)...)
	for _, consumer := range Consumers() {
		if consumer.Owner() == service {
			publish = append(publish, consume(consumer)...)
			if grant.leases {
				publish = append(publish, lease(consumer)...)
			}
		}
	}
	for _, stream := range grant.publishes {
		publish = append(publish, strings.ToLower(stream)+".>", streamInfo(stream))
		if grant.places {
			publish = append(publish, "$JS.API.STREAM.MSG.GET."+stream, "$JS.API.DIRECT.GET."+stream)
		}
	}
	for _, subject := range grant.ingests {
		stream := StreamOf(subject)
		publish = append(publish, subject, streamInfo(stream), "$JS.API.STREAM.MSG.GET."+stream, "$JS.API.DIRECT.GET."+stream)
	}
	if len(grant.ingests) > 0 {
		publish = append(publish, follow(Market, service)...)
	}
	for _, subject := range grant.states {
		stream := StreamOf(subject)
		root, _, _ := strings.Cut(subject, ".")
		publish = append(publish, subject, streamInfo(stream), "$JS.API.DIRECT.GET."+stream+"."+root+".>")
	}
	for _, stream := range grant.reads {
		publish = append(publish, streamInfo(stream), "$JS.API.DIRECT.GET."+stream)
	}
	if grant.observes {
		publish = append(publish, streamInfo("*"), "$JS.API.CONSUMER.INFO.*.*")
	}
	publish = append(publish, erase(grant.erases)...)
	for _, bucket := range grant.buckets {
		publish = append(publish, "$KV."+bucket+".>")
		publish = append(publish, readBucket(bucket)...)
		publish = append(publish, "$JS.API.STREAM.PURGE."+bucketStream(bucket)) // of one key, to prune it
	}
	slices.Sort(publish)
	return slices.Compact(publish), []string{InboxPrefix(service) + ".>"}, nil
}

// erase is what it takes to find messages of streams and to erase them.
func erase(names []string) []string {
	var subjects []string
	for _, name := range names {
		subjects = append(subjects, streamInfo(name), "$JS.API.STREAM.MSG.GET."+name, "$JS.API.DIRECT.GET."+name,
			"$JS.API.STREAM.MSG.DELETE."+name)
	}
	return subjects
}

func streamInfo(stream string) string { return "$JS.API.STREAM.INFO." + stream }

// answers is where a server wants to hear about a delivery: in the short form, and
// in the long one that starts with the domain and the account.
func answers(verb, stream, consumer string) []string {
	return []string{
		"$JS." + verb + "." + stream + "." + consumer,
		"$JS." + verb + ".*.*." + stream + "." + consumer,
	}
}

// readBucket is what it takes to get and to watch keys.
func readBucket(bucket string) []string {
	stream := bucketStream(bucket)
	return append(answers("FC", stream, ">"),
		streamInfo(stream),
		"$JS.API.STREAM.MSG.GET."+stream,
		"$JS.API.DIRECT.GET."+stream, "$JS.API.DIRECT.GET."+stream+".>",
		"$JS.API.CONSUMER.CREATE."+stream+".>",
		"$JS.API.CONSUMER.INFO."+stream+".*", "$JS.API.CONSUMER.DELETE."+stream+".*",
	)
}

// follow is what it takes to read a stream by a consumer of the service's own name,
// made anew whenever it has to be.
func follow(stream, service string) []string {
	subjects := []string{streamInfo(stream), "$JS.API.CONSUMER.CREATE." + stream + "." + service + ".>"}
	for _, verb := range []string{"CREATE", "DELETE", "INFO", "MSG.NEXT"} {
		subjects = append(subjects, "$JS.API.CONSUMER."+verb+"."+stream+"."+service)
	}
	return subjects
}

// consume is what it takes to create a durable, to read it and to bury what
// cannot be stored.
func consume(consumer Consumer) []string {
	subjects := []string{
		streamInfo(consumer.Stream), streamInfo(Retry), streamInfo(Dead),
		"$JS.API.DIRECT.GET." + consumer.Stream, "$JS.API.DIRECT.GET." + consumer.Stream + ".>",
		"$JS.API.STREAM.MSG.GET." + consumer.Stream,
		consumer.DeadFilter(),
	}
	for stream, durable := range map[string]string{consumer.Stream: consumer.Service, Retry: consumer.RetryDurable()} {
		for _, verb := range []string{"CREATE", "INFO", "RESET", "MSG.NEXT"} {
			subjects = append(subjects, "$JS.API.CONSUMER."+verb+"."+stream+"."+durable)
		}
		subjects = append(subjects, "$JS.API.CONSUMER.CREATE."+stream+"."+durable+".>")
		subjects = append(subjects, answers("ACK", stream, durable+".>")...)
	}
	return subjects
}

// lease is what it takes to read and to write who of a consumer's workers is active.
func lease(consumer Consumer) []string {
	stream, key := bucketStream(BucketBlocks), "$KV."+BucketBlocks+"."+consumer.LeaseKey()
	return []string{key, streamInfo(stream), "$JS.API.DIRECT.GET." + stream + "." + key}
}

// PasswordVariable names the environment variable that holds a user's password
// for the server.
func PasswordVariable(user string) string { return "NATS_PASSWORD_" + strings.ToUpper(user) }

// ServerAuthorization is the authorization block of a nats-server's configuration
// for the operator and every service. Passwords are references to the server's
// environment.
func ServerAuthorization() (string, error) {
	var block strings.Builder
	block.WriteString("authorization {\n  users = [\n")
	fmt.Fprintf(&block, "    {user: %q, password: $%s}\n", UserOperator, PasswordVariable(UserOperator))
	for _, service := range Services() {
		publish, subscribe, err := Permissions(service)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&block, "    {\n      user: %q, password: $%s\n      permissions: {\n", service, PasswordVariable(service))
		fmt.Fprintf(&block, "        publish: [%s]\n", quoted(publish))
		fmt.Fprintf(&block, "        subscribe: [%s]\n      }\n    }\n", quoted(subscribe))
	}
	block.WriteString("  ]\n}\n")
	return block.String(), nil
}

func quoted(subjects []string) string {
	quotes := make([]string, 0, len(subjects))
	for _, subject := range subjects {
		quotes = append(quotes, fmt.Sprintf("%q", subject))
	}
	return strings.Join(quotes, ", ")
}
