package deploy_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"cashtag/streams"

	"github.com/compose-spec/compose-go/v2/types"
)

// servicesOf lists the services that a container runs, nil where it runs a command.
func servicesOf(container types.ServiceConfig) []string {
	if len(container.Command) == 0 || container.Command[0] != "run" {
		return nil
	}
	var names []string
	for _, word := range container.Command[1:] {
		if strings.HasPrefix(word, "-") {
			break
		}
		names = append(names, word)
	}
	return names
}

// TestEveryServiceHasAContainer fails for a service that somebody forgot to give
// one. Two have none: api is part of every container, and what replay does is done
// by the container tape.
func TestEveryServiceHasAContainer(t *testing.T) {
	runs := map[string][]string{}
	for name, container := range ours(project(t)) {
		for _, service := range servicesOf(container) {
			runs[service] = append(runs[service], name)
		}
	}
	for _, service := range streams.Services() {
		if service == streams.ServiceAPI || service == streams.ServiceReplay {
			continue
		}
		if len(runs[service]) == 0 {
			t.Errorf("%s runs in no container of docker-compose.yml, want one", service)
		}
		delete(runs, service)
	}
	if len(runs) > 0 {
		t.Errorf("got containers of services that are not known: %v", runs)
	}
}

// needs is what a service has beside its own password of NATS.
var needs = map[string][]string{
	streams.ServiceKinesis:   {"KINESIS_ENDPOINT", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"},
	streams.ServiceMongo:     {"MONGO_URI"},
	streams.ServiceArchive:   {"S3_ENDPOINT", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"},
	streams.ServicePredictor: {"S3_ENDPOINT", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"},
	streams.ServiceAnalysis:  {"S3_ENDPOINT", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"},
	streams.ServiceTwitter:   {"X_BEARER_TOKEN_FILE", "X_DAILY_READS", "X_MONTHLY_READS"},
}

// mounted is the secrets of a container, as files.
var mounted = map[string][]string{
	"twitter": {"x_bearer_token"},
	"alpaca":  {"apca_api_key_id", "apca_api_secret_key"},
}

// TestContainersKnowWhatTheyNeed wants no password of one service, and no key of one
// vendor, where another runs.
func TestContainersKnowWhatTheyNeed(t *testing.T) {
	p := project(t)
	for name, container := range ours(p) {
		want := map[string]bool{"NATS_URL": true}
		if services := servicesOf(container); services == nil {
			want["NATS_USER"], want["NATS_PASSWORD"] = true, true // the operator's
		} else {
			want["HTTP_ADDR"] = true
			for _, service := range append(services, streams.ServiceAPI) {
				want[streams.PasswordVariable(service)] = true
				for _, variable := range needs[service] {
					want[variable] = true
				}
			}
		}
		for _, secret := range mounted[name] {
			want[strings.ToUpper(secret)+"_FILE"] = true
		}
		if got, want := slices.Sorted(maps.Keys(container.Environment)), slices.Sorted(maps.Keys(want)); !slices.Equal(got, want) {
			t.Errorf("%s: got environment %q, want %q", name, got, want)
		}
		var got []string
		for _, secret := range container.Secrets {
			got = append(got, secret.Source)
			path := container.Environment[strings.ToUpper(secret.Source)+"_FILE"]
			if path == nil || *path != "/run/secrets/"+secret.Source {
				t.Errorf("%s: got no variable that names the file of %s", name, secret.Source)
			}
			if file := p.Secrets[secret.Source]; !strings.HasSuffix(file.File, "/secrets/"+secret.Source) {
				t.Errorf("secret %s: got file %q, want secrets/%s", secret.Source, file.File, secret.Source)
			}
		}
		if !slices.Equal(got, mounted[name]) {
			t.Errorf("%s: got secrets %q, want %q", name, got, mounted[name])
		}
		for variable, value := range container.Environment {
			if !strings.HasPrefix(variable, "NATS_PASSWORD_") {
				continue
			}
			if want := secrets(t)[variable]; value == nil || *value != want {
				t.Errorf("%s: %s is not the password of that name", name, variable)
			}
		}
	}
}

// TestWhatNeedsKeysIsAskedFor wants a profile of whatever reads a vendor, and the
// manager, by which it reads, in each of them.
func TestWhatNeedsKeysIsAskedFor(t *testing.T) {
	containers := ours(project(t))
	vendors := []string{streams.ServiceTwitter, streams.ServiceBluesky, streams.ServiceStocks}
	manager := containers["manager"].Profiles
	ports := map[string]string{}
	for name, container := range containers {
		services := servicesOf(container)
		reads := slices.ContainsFunc(services, func(service string) bool { return slices.Contains(vendors, service) })
		if asked := len(container.Profiles) > 0; len(mounted[name]) > 0 && !asked || reads && !asked {
			t.Errorf("%s: got no profile, want one: it reads a vendor", name)
		}
		if reads && !slices.Contains(services, streams.ServiceCounts) {
			t.Errorf("%s: got %q, want counts beside the source", name, services)
		}
		for _, profile := range container.Profiles {
			if reads && !slices.Contains(manager, profile) {
				t.Errorf("%s: got profile %s without the manager, want it there", name, profile)
			}
		}
		for _, port := range container.Ports {
			if other := ports[port.Published]; other != "" && !slices.Contains([]string{name, other}, "alpaca") {
				t.Errorf("%s and %s: got port %s of both, want it once", name, other, port.Published)
			}
			ports[port.Published] = name
		}
	}
	if got := containers["cboe"].Ports[0].Published; got != containers["alpaca"].Ports[0].Published {
		t.Errorf("got port %s, want that of alpaca: compose then refuses to start both", got)
	}
}
