package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/uuid"
)

// sbom is the list of what is linked into a binary, in CycloneDX.
func (r *release) sbom(p platform, binary string, linked []module) ([]byte, error) {
	content, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(content)
	program := cdx.Component{
		BOMRef: "ukcloud_exporter", Type: cdx.ComponentTypeApplication,
		Name: "ukcloud_exporter", Version: r.version,
		Licenses: choices([]string{"Apache-2.0"}),
		Hashes:   &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: fmt.Sprintf("%x", sum)}},
		Properties: &[]cdx.Property{
			{Name: "build:goos", Value: p.os}, {Name: "build:goarch", Value: p.arch}, {Name: "build:revision", Value: r.revision},
		},
	}
	var components []cdx.Component
	var needs []string
	for _, m := range linked {
		url := fmt.Sprintf("pkg:golang/%s@%s", m.path, m.version)
		needs = append(needs, url)
		components = append(components, cdx.Component{
			BOMRef: url, PackageURL: url, Type: cdx.ComponentTypeLibrary,
			Name: m.path, Version: m.version, Licenses: choices(m.licences), Scope: cdx.ScopeRequired,
		})
	}
	bom := cdx.NewBOM()
	bom.SerialNumber = uuid.NewSHA1(uuid.NameSpaceOID, sum[:]).URN()
	bom.Metadata = &cdx.Metadata{Timestamp: r.time.Format(time.RFC3339), Component: &program}
	bom.Components = &components
	bom.Dependencies = &[]cdx.Dependency{{Ref: program.BOMRef, Dependencies: &needs}}
	var out bytes.Buffer
	if err := cdx.NewBOMEncoder(&out, cdx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cdx.SpecVersion1_6); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func choices(identifiers []string) *cdx.Licenses {
	var all cdx.Licenses
	for _, id := range identifiers {
		all = append(all, cdx.LicenseChoice{License: &cdx.License{ID: id}})
	}
	return &all
}
