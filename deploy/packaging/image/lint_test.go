package image

import (
	"context"
	"os"
	"testing"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/frontend/subrequests/lint"
	"github.com/moby/buildkit/solver/pb"
	"github.com/opencontainers/go-digest"
)

// anyImage knows every base image, and that it is empty: the linter needs no more.
type anyImage struct{}

func (anyImage) ResolveSourceMetadata(context.Context, *pb.SourceOp, sourceresolver.Opt) (*sourceresolver.MetaResponse, error) {
	return nil, os.ErrNotExist
}

func (anyImage) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	return ref, digest.FromString(ref), []byte(`{"architecture":"amd64","os":"linux","config":{}}`), nil
}

// lintDockerfile runs every rule, also the experimental ones.
func lintDockerfile(t *testing.T, text []byte) []lint.Warning {
	t.Helper()
	source := llb.NewSourceMap(nil, "Dockerfile", "Dockerfile", text)
	source.Definition = &llb.Definition{}
	results, err := dockerfile2llb.DockerfileLint(t.Context(), text, dockerfile2llb.ConvertOpt{
		Config:       dockerui.Config{LinterConfig: &linter.Config{ExperimentalAll: true}},
		MetaResolver: anyImage{},
		SourceMap:    source,
	})
	if err != nil {
		t.Fatal(err)
	}
	if results.Error != nil {
		t.Fatal(results.Error.Message)
	}
	return results.Warnings
}

func TestLint(t *testing.T) {
	text, err := os.ReadFile("../../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range lintDockerfile(t, text) {
		t.Errorf("%s: %s", w.RuleName, w.Detail)
	}
}

// TestLinterRuns: it has something to say where there is something.
func TestLinterRuns(t *testing.T) {
	warnings := lintDockerfile(t, []byte("from scratch AS A\nENV PASSWORD=x\nENTRYPOINT run it\n"))
	rules := map[string]bool{}
	for _, w := range warnings {
		rules[w.RuleName] = true
	}
	for _, want := range []string{"StageNameCasing", "SecretsUsedInArgOrEnv", "JSONArgsRecommended"} {
		if !rules[want] {
			t.Errorf("no %s in %v", want, rules)
		}
	}
}
