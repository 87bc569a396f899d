package streams_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cashtag/schemas"
	"cashtag/streams"

	"go.yaml.in/yaml/v3"
)

const asyncAPIPath = "../docs/asyncapi.yaml"

type asyncRef struct {
	Ref string `yaml:"$ref"`
}

// asyncAPI is an AsyncAPI 3.0 document, as far as ours uses it. It is decoded
// strictly: a field that is not here is a mistake.
type asyncAPI struct {
	AsyncAPI           string `yaml:"asyncapi"`
	Info               struct{ Title, Version, Description string }
	DefaultContentType string `yaml:"defaultContentType"`
	Servers            map[string]struct{ Host, Protocol, Description string }
	Channels           map[string]asyncChannel
	Operations         map[string]asyncOperation
	Components         struct {
		Parameters map[string]asyncParameter
		Messages   map[string]asyncMessage
		Schemas    map[string]any
	}
}

type asyncChannel struct {
	Address, Description string
	Stream               string `yaml:"x-stream"`
	Parameters, Messages map[string]asyncRef
}

type asyncOperation struct {
	Action, Summary string
	Consumer        string `yaml:"x-consumer"`
	Channel         asyncRef
	Messages        []asyncRef
}

type asyncParameter struct {
	Description    string
	Enum, Examples []string
}

type asyncMessage struct {
	Name, Title, Summary string
	ContentType          string `yaml:"contentType"`
	Headers, Payload     asyncRef
}

func readAsyncAPI(t *testing.T) asyncAPI {
	t.Helper()
	file, err := os.Open(asyncAPIPath)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	decoder := yaml.NewDecoder(file)
	decoder.KnownFields(true)
	var document asyncAPI
	if err := decoder.Decode(&document); err != nil {
		t.Fatalf("%s: %v", asyncAPIPath, err)
	}
	return document
}

func TestAsyncAPIIsComplete(t *testing.T) {
	document := readAsyncAPI(t)
	if got, want := document.AsyncAPI, "3.0.0"; got != want {
		t.Errorf("asyncapi: got %q, want %q", got, want)
	}
	if document.Info.Title == "" || document.Info.Version == "" || document.Info.Description == "" {
		t.Errorf("info: got %+v, want title, version and description", document.Info)
	}
	if got := document.DefaultContentType; got != schemas.ContentType {
		t.Errorf("defaultContentType: got %q, want %q", got, schemas.ContentType)
	}
	for name, server := range document.Servers {
		host, _, err := net.SplitHostPort(server.Host)
		if err != nil || !net.ParseIP(host).IsLoopback() || server.Protocol != "nats" {
			t.Errorf("server %s: got %s over %s (%v), want NATS on loopback", name, server.Host, server.Protocol, err)
		}
	}
	for name, parameter := range document.Components.Parameters {
		if parameter.Description == "" {
			t.Errorf("parameter %s has no description", name)
		}
	}
	if len(document.Servers) == 0 || len(document.Channels) == 0 || len(document.Operations) == 0 {
		t.Error("no servers, no channels or no operations")
	}
}

func TestAsyncAPIReferencesResolve(t *testing.T) {
	text, err := os.ReadFile(asyncAPIPath)
	if err != nil {
		t.Fatal(err)
	}
	var document any
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	seen := 0
	var walk func(at string, value any)
	walk = func(at string, value any) {
		switch value := value.(type) {
		case []any:
			for i, child := range value {
				walk(fmt.Sprintf("%s/%d", at, i), child)
			}
		case map[string]any:
			for key, child := range value {
				ref, ok := child.(string)
				if key != "$ref" || !ok {
					walk(at+"/"+key, child)
					continue
				}
				seen++
				if err := resolve(document, ref); err != nil {
					t.Errorf("%s: %v", at, err)
				}
			}
		}
	}
	walk("#", document)
	if seen == 0 {
		t.Error("no reference found")
	}
}

func resolve(document any, ref string) error {
	file, pointer, _ := strings.Cut(ref, "#")
	if file != "" {
		text, err := os.ReadFile(filepath.Join(filepath.Dir(asyncAPIPath), file))
		if err != nil {
			return err
		}
		if err := json.Unmarshal(text, &document); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	if pointer == "" {
		return nil
	}
	for key := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		object, ok := document.(map[string]any)
		if !ok || object[key] == nil {
			return errors.New(ref + " points to nothing")
		}
		document = object[key]
	}
	return nil
}

var placeholder = regexp.MustCompile(`\{(\w+)\}`)

func TestAsyncAPIChannelsAreTheStreams(t *testing.T) {
	document := readAsyncAPI(t)
	kept := map[string]bool{}
	for name, channel := range document.Channels {
		kept[channel.Stream] = true
		if got := streams.StreamOf(channel.Address); got == "" || got != channel.Stream {
			t.Errorf("channel %s: %s is kept by %q, x-stream is %q", name, channel.Address, got, channel.Stream)
		}
		if channel.Description == "" {
			t.Errorf("channel %s has no description", name)
		}
		var named []string
		for _, match := range placeholder.FindAllStringSubmatch(channel.Address, -1) {
			named = append(named, match[1])
			if got, want := channel.Parameters[match[1]].Ref, "#/components/parameters/"+match[1]; got != want {
				t.Errorf("channel %s: parameter %s is %q, want %q", name, match[1], got, want)
			}
		}
		if len(named) != len(channel.Parameters) {
			t.Errorf("channel %s: address has parameters %v, channel has %v", name, named, channel.Parameters)
		}
	}
	for _, stream := range streams.StreamNames() {
		if !kept[stream] {
			t.Errorf("stream %s has no channel", stream)
		}
	}
}

func TestAsyncAPIMessagesAreTheTypes(t *testing.T) {
	document := readAsyncAPI(t)
	named := map[string]bool{}
	for key, message := range document.Components.Messages {
		named[message.Name] = true
		if want := "../schemas/json/" + message.Name + ".json"; message.Payload.Ref != want {
			t.Errorf("message %s: payload is %q, want %q", key, message.Payload.Ref, want)
		}
		if message.ContentType != schemas.ContentType || message.Headers.Ref == "" || message.Title == "" || message.Summary == "" {
			t.Errorf("message %s: got %+v, want content type %s, headers, title and summary", key, message, schemas.ContentType)
		}
		if !slices.Contains(schemas.Types(), schemas.Type(message.Name)) {
			t.Errorf("message %s: %q is no type of event", key, message.Name)
		}
	}
	for _, kind := range schemas.Types() {
		if !named[string(kind)] {
			t.Errorf("type %s is no message", kind)
		}
	}
}

// TestAsyncAPISubjectsAreInTheirChannels publishes every good example, in
// thought, to the channel that carries its message.
func TestAsyncAPISubjectsAreInTheirChannels(t *testing.T) {
	document := readAsyncAPI(t)
	for name, event := range goodExamples(t) {
		subject, err := streams.Subject(event)
		if err != nil {
			t.Fatal(err)
		}
		carried := 0
		for key, channel := range document.Channels {
			match := addressPattern(channel.Address).FindStringSubmatch(subject)
			if match == nil {
				continue
			}
			for message := range channel.Messages {
				if document.Components.Messages[message].Name == string(event.Type) {
					carried++
				}
			}
			for i, parameter := range placeholder.FindAllStringSubmatch(channel.Address, -1) {
				enum := document.Components.Parameters[parameter[1]].Enum
				if value := match[i+1]; len(enum) > 0 && !slices.Contains(enum, value) {
					t.Errorf("%s: %s is %q in channel %s, which allows %q", name, parameter[1], value, key, enum)
				}
			}
		}
		if carried != 1 {
			t.Errorf("%s: %d channels carry %s on %s, want 1", name, carried, event.Type, subject)
		}
	}
}

// addressPattern matches the subjects of an address. A parameter is one token;
// subject alone stands for any number.
func addressPattern(address string) *regexp.Regexp {
	pattern := strings.ReplaceAll(regexp.QuoteMeta(address), `\{subject\}`, `(.+)`)
	return regexp.MustCompile("^" + regexp.MustCompile(`\\\{\w+\\\}`).ReplaceAllString(pattern, `([^.]+)`) + "$")
}

// TestAsyncAPIEnumsAreTheSchemas keeps the closed sets of subject tokens as the
// JSON Schemas have them.
func TestAsyncAPIEnumsAreTheSchemas(t *testing.T) {
	document := readAsyncAPI(t)
	for parameter, kind := range map[string]schemas.Type{
		"platform": schemas.TypeTweet, "feed": schemas.TypeQuote, "state": schemas.TypeSession, "level": schemas.TypeLog,
	} {
		text, err := schemas.JSON.ReadFile("json/" + string(kind) + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var schema struct {
			Properties struct {
				Data struct {
					Properties map[string]struct{ Enum []string }
				}
			}
		}
		if err := json.Unmarshal(text, &schema); err != nil {
			t.Fatal(err)
		}
		got, want := document.Components.Parameters[parameter].Enum, schema.Properties.Data.Properties[parameter].Enum
		if len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("parameter %s: got %q, want %q as in %s", parameter, got, want, kind)
		}
	}
}

func TestAsyncAPIOperationsAreTheConsumers(t *testing.T) {
	document := readAsyncAPI(t)
	received := map[string]bool{} // consumer and channel
	sent := map[string]bool{}
	for name, operation := range document.Operations {
		key, ok := strings.CutPrefix(operation.Channel.Ref, "#/channels/")
		channel := document.Channels[key]
		if !ok || channel.Address == "" {
			t.Errorf("operation %s: channel is %q", name, operation.Channel.Ref)
		}
		if operation.Summary == "" {
			t.Errorf("operation %s has no summary", name)
		}
		var carried []string
		for _, message := range operation.Messages {
			carried = append(carried, strings.TrimPrefix(message.Ref, operation.Channel.Ref+"/messages/"))
		}
		for message := range channel.Messages {
			if !slices.Contains(carried, message) {
				t.Errorf("operation %s: message %s of its channel is missing", name, message)
			}
		}
		switch {
		case operation.Action == "send" && operation.Consumer == "":
			sent[key] = true
		case operation.Action == "receive" && channel.Stream == streams.Retry:
		case operation.Action == "receive" && operation.Consumer != "":
			received[operation.Consumer+" "+key] = true
		default:
			t.Errorf("operation %s: action %q with x-consumer %q", name, operation.Action, operation.Consumer)
		}
	}
	wanted := map[string]bool{}
	for key, channel := range document.Channels {
		if len(channel.Messages) > 0 && !sent[key] {
			t.Errorf("channel %s: nobody sends to it", key)
		}
		for _, consumer := range streams.Consumers() {
			if consumer.Stream == channel.Stream {
				wanted[consumer.Key()+" "+key] = true
			}
		}
	}
	for pair := range wanted {
		if !received[pair] {
			t.Errorf("no operation receives as %s", pair)
		}
	}
	for pair := range received {
		if !wanted[pair] {
			t.Errorf("an operation receives as %s, which is no consumer", pair)
		}
	}
}
