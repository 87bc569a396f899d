package deploy_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/types"
)

// ourImage is what the Dockerfile builds.
const ourImage = "cashtag:local"

// secrets gives every variable of .env.example a value that no file contains.
func secrets(t *testing.T) map[string]string {
	t.Helper()
	names, err := dotenv.Read(filepath.Join("..", ".env.example"))
	if err != nil {
		t.Fatalf("read .env.example: %v", err)
	}
	for name, value := range names {
		if value != "" {
			t.Errorf("%s: got the value %q in .env.example, want none", name, value)
		}
		names[name] = "7e5secret" + strings.ToLower(strings.ReplaceAll(name, "_", ""))
	}
	return names
}

func load(ctx context.Context, env map[string]string) (*types.Project, error) {
	var pairs []string
	for name, value := range env {
		pairs = append(pairs, name+"="+value)
	}
	options, err := cli.NewProjectOptions([]string{filepath.Join("..", "docker-compose.yml")},
		cli.WithEnv(pairs), cli.WithProfiles([]string{"*"}), cli.WithConsistency(true))
	if err != nil {
		return nil, err
	}
	return options.LoadProject(ctx)
}

func project(t *testing.T) *types.Project {
	t.Helper()
	p, err := load(t.Context(), secrets(t))
	if err != nil {
		t.Fatalf("read docker-compose.yml: %v", err)
	}
	return p
}

// ours lists the services that the Dockerfile's image runs.
func ours(p *types.Project) types.Services {
	services := types.Services{}
	for name, service := range p.Services {
		if service.Image == ourImage {
			services[name] = service
		}
	}
	return services
}

func TestEverySecretMustBeSet(t *testing.T) {
	all := secrets(t)
	for name := range all {
		t.Run(name, func(t *testing.T) {
			some := maps.Clone(all)
			some[name] = ""
			_, err := load(t.Context(), some)
			if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), ".env.example") {
				t.Errorf("got error %v, want one that names %s and .env.example", err, name)
			}
		})
	}
}

// exactVersion is a tag that does not move from one release to another.
var exactVersion = regexp.MustCompile(`:v?\d+\.\d+\.\d+(-[a-z0-9]+)?$`)

func TestImagesArePinned(t *testing.T) {
	for name, service := range project(t).Services {
		if service.Image == ourImage {
			if service.Build == nil {
				t.Errorf("%s: got no build, want %s built here", name, ourImage)
			}
			continue
		}
		if !exactVersion.MatchString(service.Image) {
			t.Errorf("%s: got image %q, want one with an exact version", name, service.Image)
		}
	}
}

func TestContainersMayDoLittle(t *testing.T) {
	p := project(t)
	if got := len(ours(p)); got < 4 {
		t.Fatalf("got %d containers of ours, want at least 4", got)
	}
	for name, service := range p.Services {
		if service.Privileged || service.NetworkMode == "host" || service.Pid == "host" {
			t.Errorf("%s: got rights over the host, want none", name)
		}
		if !slices.Contains(service.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s: got security_opt %q, want no-new-privileges:true", name, service.SecurityOpt)
		}
		for _, port := range service.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s: got port %s published on %q, want 127.0.0.1", name, port.Published, port.HostIP)
			}
		}
		if service.Logging == nil || service.Logging.Options["max-size"] == "" {
			t.Errorf("%s: got logs without a bound, want max-size", name)
		}
	}
	for name, service := range ours(p) {
		if !service.ReadOnly || !slices.Equal(service.CapDrop, []string{"ALL"}) {
			t.Errorf("%s: got read_only %t, cap_drop %q, want true and ALL", name, service.ReadOnly, service.CapDrop)
		}
		if service.User != "" || len(service.Entrypoint) > 0 {
			t.Errorf("%s: got user %q, entrypoint %q, want those of the image", name, service.User, service.Entrypoint)
		}
		if service.MemLimit == 0 || service.PidsLimit == 0 {
			t.Errorf("%s: got memory %d, pids %d, want a bound on both", name, service.MemLimit, service.PidsLimit)
		}
	}
}

func TestSecretsStandInNoCommand(t *testing.T) {
	p, all := project(t), secrets(t)
	for name, service := range p.Services {
		words := slices.Concat(service.Command, service.Entrypoint)
		if service.HealthCheck != nil {
			words = append(words, service.HealthCheck.Test...)
		}
		for variable, secret := range all {
			if strings.Contains(strings.Join(words, " "), secret) {
				t.Errorf("%s: got %s on a command line, want it in the environment", name, variable)
			}
		}
	}
}

// TestWhatStaysUpIsWatched wants a health check of every container but those that
// do one thing and end, and nobody who waits for less than health or success.
func TestWhatStaysUpIsWatched(t *testing.T) {
	p := project(t)
	for name, service := range p.Services {
		ends := service.Restart == ""
		disabled := service.HealthCheck != nil && service.HealthCheck.Disable
		inherited := service.HealthCheck == nil && service.Image == ourImage
		switch {
		case ends && !disabled:
			t.Errorf("%s ends by itself: got a health check, want it disabled", name)
		case !ends && (disabled || (service.HealthCheck == nil && !inherited)):
			t.Errorf("%s stays up: got no health check, want one", name)
		}
		for dependency, condition := range service.DependsOn {
			want := types.ServiceConditionHealthy
			if p.Services[dependency].Restart == "" {
				want = types.ServiceConditionCompletedSuccessfully
			}
			if condition.Condition != want {
				t.Errorf("%s waits for %s: got %s, want %s", name, dependency, condition.Condition, want)
			}
		}
	}
}

func TestMountedFilesAreThere(t *testing.T) {
	for name, service := range project(t).Services {
		for _, volume := range service.Volumes {
			if volume.Type != types.VolumeTypeBind {
				continue
			}
			if !volume.ReadOnly {
				t.Errorf("%s: got %s mounted for writing, want it read-only", name, volume.Source)
			}
			if name == "tape" || name == "analysis" {
				continue // what lies there is the user's
			}
			if _, err := os.Stat(volume.Source); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestDockerfileBuildsAStaticBinaryThatIsNotRoot(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	stages := strings.Split("\n"+string(content), "\nFROM ")[1:]
	if len(stages) != 2 || !exactVersion.MatchString(strings.Fields(stages[0])[0]) || strings.Fields(stages[1])[0] != "scratch" {
		t.Fatalf("got %d stages, want a builder of an exact version and scratch", len(stages))
	}
	for _, want := range []string{"CGO_ENABLED=0", "-trimpath", "-tags external", "./cmd/cashtag"} {
		if !strings.Contains(stages[0], want) {
			t.Errorf("builder: got no %q", want)
		}
	}
	for _, want := range []string{"\nUSER 65532:65532\n", `CMD ["/cashtag", "health"]`, "\nENTRYPOINT [\"/cashtag\"]\n"} {
		if !strings.Contains(stages[1], want) {
			t.Errorf("image: got no %q", want)
		}
	}
}
