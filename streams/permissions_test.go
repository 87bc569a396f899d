package streams_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cashtag/embedded/natsd"
	"cashtag/embedded/natsd/natsdtest"
	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/flag"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// guarded is a server that knows every service, with the topology applied.
func guarded(t *testing.T) (*natsd.Server, *streams.Client) {
	t.Helper()
	server := natsdtest.Start(t, func(c *natsd.Config) {
		for _, service := range streams.Services() {
			publish, subscribe, err := streams.Permissions(service)
			if err != nil {
				t.Fatalf("permissions: %v", err)
			}
			c.Users = append(c.Users, natsd.User{Name: service, Password: "secret", Publish: publish, Subscribe: subscribe})
		}
	})
	operator := inProcess(t, server)
	apply(t, operator, topology(t), false)
	return server, operator
}

// violations collects what the server refused to one connection.
type violations struct {
	mu   sync.Mutex
	errs []string
}

func (v *violations) add(_ *nats.Conn, _ *nats.Subscription, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if errors.Is(err, nats.ErrPermissionViolation) {
		v.errs = append(v.errs, err.Error())
	}
}

func (v *violations) all() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.errs)
}

func connectAs(tb testing.TB, server *natsd.Server, service string) (*streams.Client, *violations) {
	tb.Helper()
	refused := &violations{}
	conn, err := server.ConnectAs(service, nats.CustomInboxPrefix(streams.InboxPrefix(service)), nats.ErrorHandler(refused.add))
	return clientOf(tb, conn, err), refused
}

// must is for the calls whose results do not matter.
func must(tb testing.TB, what string, err error) {
	tb.Helper()
	if err != nil {
		tb.Errorf("%s: %v", what, err)
	}
}

func consumersOf(service string) []streams.Consumer {
	return slices.DeleteFunc(streams.Consumers(), func(c streams.Consumer) bool { return c.Owner() != service })
}

// Each service can do all of its work.
func TestPermissionsSuffice(t *testing.T) {
	server, operator := guarded(t)
	for _, stream := range []string{
		"tweets.x", "quotes.iex", "market.XNYS.symbol", "sentiment.test", "features.day", "predictions.test", "logs.test",
		"counts.test", "outcomes.test", "alerts.test", "models.test",
	} {
		if _, err := operator.JS.Publish(t.Context(), stream+".AAPL", []byte("{}")); err != nil {
			t.Fatalf("publish: %v", err)
		}
	}
	work := map[string]func(*testing.T, *streams.Client, *streams.Publisher){
		streams.ServiceReplay:    replays,
		streams.ServiceManager:   states,
		streams.ServiceCounts:    counts,
		streams.ServiceSentiment: scores,
		streams.ServicePredictor: predicts,
		streams.ServiceOutcomes:  readsModels,
		streams.ServiceAnalysis:  retrains,
		streams.ServiceArchive:   cutsBlocks,
		streams.ServiceKinesis:   leases,
		streams.ServiceAPI:       observes,
		streams.ServiceEraser:    erases(operator),
		streams.ServiceTwitter:   ingests(streams.ServiceTwitter, "tweets.x.>", tweet("permitted")),
		streams.ServiceBluesky:   ingests(streams.ServiceBluesky, "tweets.bluesky.>", bluePost()),
		streams.ServiceStocks:    ingests(streams.ServiceStocks, "quotes.iex.>", append([]schemas.Event{iexBar()}, halts()...)...),
	}
	for _, service := range streams.Services() {
		t.Run(service, func(t *testing.T) {
			client, refused := connectAs(t, server, service)
			publisher := newPublisher(t, client, func(c *streams.PublisherConfig) { c.Timeout, c.Retries = 2*time.Second, 0 })
			watchesFlags(t, client, operator)
			must(t, "log", publisher.Publish(t.Context(), schemas.New("log-"+service, "/test", service, postedAt,
				&schemas.Log{Service: service, Level: schemas.LevelInfo, Message: "here"})))
			for _, consumer := range consumersOf(service) {
				consumes(t, client, operator, publisher, consumer)
			}
			if do := work[service]; do != nil {
				do(t, client, publisher)
			}
			must(t, "flush", client.Conn.Flush())
			if got := refused.all(); len(got) != 0 {
				t.Errorf("refused: got %q, want nothing", got)
			}
		})
	}
}

// publishers names the services, beside the operator, that may publish to a stream
// at large.
var publishers = map[string][]string{
	streams.Tweets:    {streams.ServiceReplay, streams.ServiceTwitter},
	streams.Quotes:    {streams.ServiceReplay},
	streams.Market:    {streams.ServiceReplay},
	streams.Counts:    {streams.ServiceCounts},
	streams.Sentiment: {streams.ServiceSentiment},
	streams.Features:  {streams.ServiceFeatures},
	streams.Alerts:    {streams.ServiceAlerts},
	streams.Outcomes:  {streams.ServiceOutcomes},

	streams.Predictions: {streams.ServicePredictor},
	streams.Models:      {streams.ServiceAnalysis},
}

// forbidden lists what a service must not publish.
func forbidden(service string) []string {
	subjects := []string{
		"$JS.API.STREAM.CREATE.NEW", "$KV.config.tickers", "$KV.latest.AAPL", "retry." + service + ".tweets.x.AAPL",
		"$JS.API.CONSUMER.CREATE.TWEETS", "$JS.API.CONSUMER.DURABLE.CREATE.TWEETS." + service,
		"_INBOX.x", "unknown", "$SYS.REQ.SERVER.PING",
	}
	for _, flagged := range flag.Table() {
		subjects = append(subjects, "$KV.flags."+flagged.Name)
	}
	for _, stream := range append(streams.StreamNames(), "KV_flags", "KV_config") {
		for _, verb := range []string{"UPDATE", "DELETE", "PURGE", "MSG.DELETE", "SNAPSHOT", "RESTORE"} {
			subjects = append(subjects, "$JS.API.STREAM."+verb+"."+stream)
		}
		if !slices.Contains(publishers[stream], service) && !strings.HasPrefix(stream, "KV_") {
			subjects = append(subjects, strings.ToLower(stream)+".x.AAPL")
		}
	}
	for _, other := range streams.Services() {
		if other == service {
			continue
		}
		for _, verb := range []string{"CREATE", "MSG.NEXT", "DELETE"} {
			subjects = append(subjects, "$JS.API.CONSUMER."+verb+".MARKET."+other)
		}
		subjects = append(subjects, "logs."+other+".info", "dead."+other+".tweets.x.AAPL", streams.InboxPrefix(other)+".x")
	}
	for _, consumer := range streams.Consumers() {
		for stream, durable := range map[string]string{consumer.Stream: consumer.Service, streams.Retry: consumer.RetryDurable()} {
			subjects = append(subjects, "$JS.API.CONSUMER.DELETE."+stream+"."+durable, "$JS.API.CONSUMER.UNPIN."+stream+"."+durable)
			if consumer.Owner() == service {
				continue
			}
			for _, verb := range []string{"CREATE", "MSG.NEXT", "RESET", "PAUSE"} {
				subjects = append(subjects, "$JS.API.CONSUMER."+verb+"."+stream+"."+durable)
			}
			subjects = append(subjects,
				"$JS.ACK."+stream+"."+durable+".1.1.1.1.1", "$JS.ACK._.hash."+stream+"."+durable+".1.1.1.1.1")
		}
	}
	for subject, owners := range map[string][]string{
		"$KV.blocks.TWEETS.1":             {streams.ServiceArchive},
		"$KV.blocks.lease.archive.TWEETS": {streams.ServiceArchive},
		"$KV.blocks.lease.kinesis.TWEETS": {streams.ServiceArchive, streams.ServiceKinesis},
		"tweets.bluesky.AAPL":             {streams.ServiceReplay, streams.ServiceBluesky},
		"quotes.iex.AAPL":                 {streams.ServiceReplay, streams.ServiceStocks},
		"market.XNYS.symbol.AAPL":         {streams.ServiceReplay, streams.ServiceStocks},
		"market.XNYS.session.opened":      {streams.ServiceReplay, streams.ServiceManager},
		"market.XNYS.clock":               {streams.ServiceReplay, streams.ServiceManager},
	} {
		if !slices.Contains(owners, service) {
			subjects = append(subjects, subject)
		}
	}
	slices.Sort(subjects)
	return slices.DeleteFunc(slices.Compact(subjects), func(subject string) bool {
		return service == streams.ServiceEraser && mayErase[subject]
	})
}

// No service can do another one's work, or undo anything.
func TestPermissionsAreNoMore(t *testing.T) {
	server, _ := guarded(t)
	for _, service := range streams.Services() {
		t.Run(service, func(t *testing.T) {
			client, refused := connectAs(t, server, service)
			subjects := forbidden(service)
			for _, subject := range subjects {
				must(t, "publish", client.Conn.Publish(subject, []byte("{}")))
			}
			listens := []string{
				">", "tweets.>", "$KV.flags.>", "$JS.>", "$JS.ACK.>", "_INBOX.>", "_INBOX_>", "dead." + service + ".>", "$SYS.>",
			}
			for _, other := range streams.Services() {
				if other != service {
					listens = append(listens, streams.InboxPrefix(other)+".>")
				}
			}
			for _, subject := range listens {
				_, err := client.Conn.SubscribeSync(subject)
				must(t, "subscribe", err)
			}
			// Refusals come in order: once the last is here, all are.
			must(t, "publish", client.Conn.Publish("the.last", nil))
			must(t, "flush", client.Conn.Flush())
			waitFor(t, "last refusal", func() bool { return strings.Contains(strings.Join(refused.all(), ""), "the.last") })
			all := strings.Join(refused.all(), "\n")
			for _, subject := range subjects {
				if !strings.Contains(all, fmt.Sprintf("Publish to %q", subject)) {
					t.Errorf("publish to %s: got no refusal", subject)
				}
			}
			for _, subject := range listens {
				if !strings.Contains(all, fmt.Sprintf("Subscription to %q", subject)) {
					t.Errorf("subscribe to %s: got no refusal", subject)
				}
			}
		})
	}
}

func TestPermissionsOfAStranger(t *testing.T) {
	_, _, err := streams.Permissions("stranger")
	if err == nil || !strings.Contains(err.Error(), `permissions of service "stranger": must be one of ["kinesis"`) {
		t.Errorf("got %v, want an error that names the services", err)
	}
}

// What ServerAuthorization renders means to a server what Permissions says.
func TestServerAuthorization(t *testing.T) {
	block, err := streams.ServerAuthorization()
	if err != nil {
		t.Fatalf("render: %v", err)
	}
	golden(t, "authorization.golden.conf", []byte(block))
	for _, user := range append(streams.Services(), streams.UserOperator) {
		t.Setenv(streams.PasswordVariable(user), "secret-of-"+user)
	}
	options := &server.Options{}
	if err := options.ProcessConfigString(block); err != nil {
		t.Fatalf("parse: %v", err)
	}
	got := map[string]string{}
	for _, user := range options.Users {
		got[user.Username] = ""
		if user.Password != "secret-of-"+user.Username {
			t.Errorf("password of %s: got %q, want that of the environment", user.Username, user.Password)
		}
		if user.Permissions != nil {
			got[user.Username] = fmt.Sprint(user.Permissions.Publish.Allow, user.Permissions.Subscribe.Allow)
		}
	}
	want := map[string]string{streams.UserOperator: ""}
	for _, service := range streams.Services() {
		publish, subscribe, err := streams.Permissions(service)
		if err != nil {
			t.Fatalf("permissions: %v", err)
		}
		want[service] = fmt.Sprint(publish, subscribe)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("users: got %v, want %v", got, want)
	}
}
