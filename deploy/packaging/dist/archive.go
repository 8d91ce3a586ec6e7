package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// archive packs what the platform's package holds, for those who install by hand.
func (r *release) archive(p platform) error {
	names := []string{p.binary(), "LICENSE", "copyright", "sbom.cdx.json", "README.md", "CHANGELOG.md", "config.example.yml"}
	folders := []string{"alerts", "dashboards", "docs", "man/ukcloud_exporter.1", "completion"}
	if p.os == "linux" {
		folders = append(folders, "deploy/systemd")
	}
	for _, folder := range folders {
		err := filepath.Walk(filepath.Join(r.stage, folder), func(file string, info os.FileInfo, err error) error {
			if err != nil || info.IsDir() {
				return err
			}
			below, err := filepath.Rel(r.stage, file)
			names = append(names, filepath.ToSlash(below))
			return err
		})
		if err != nil {
			return err
		}
	}
	pack, extension := r.tarGz, ".tar.gz"
	if p.os == "windows" {
		pack, extension = r.zip, ".zip"
	}
	var out bytes.Buffer
	if err := pack(&out, r.stage, r.fileName(p, ""), names); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.out, r.fileName(p, extension)), out.Bytes(), 0o644)
}

// mode is a file's in every archive.
func mode(name string) os.FileMode {
	if strings.HasPrefix(name, "ukcloud_exporter") {
		return 0o755
	}
	return 0o644
}

func (r *release) tarGz(w io.Writer, dir, folder string, names []string) error {
	compressed := gzip.NewWriter(w)
	archive := tar.NewWriter(compressed)
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		err = archive.WriteHeader(&tar.Header{
			Name: path.Join(folder, name), Size: int64(len(content)), Mode: int64(mode(name)), ModTime: r.time, Format: tar.FormatUSTAR,
		})
		if err != nil {
			return err
		}
		if _, err := archive.Write(content); err != nil {
			return err
		}
	}
	if err := archive.Close(); err != nil {
		return err
	}
	return compressed.Close()
}

func (r *release) zip(w io.Writer, dir, folder string, names []string) error {
	archive := zip.NewWriter(w)
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		header := &zip.FileHeader{Name: path.Join(folder, name), Method: zip.Deflate, Modified: r.time}
		header.SetMode(mode(name))
		file, err := archive.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := file.Write(content); err != nil {
			return err
		}
	}
	return archive.Close()
}

func gzipped(content []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
