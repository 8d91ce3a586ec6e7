package app

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/procfs"
)

// process exposes what prometheus/client_golang's process collector does. That one
// reads the time of boot anew from /proc/stat, the limits from a table for people, and
// makes a text of each of the 130 counters of netstat, of which it needs two: two fifths
// of a scrape's time, and a quarter of what it allocated.
type process struct {
	self  procfs.Proc
	start float64

	mu     sync.Mutex
	buffer [16 << 10]byte // for netstat, which has about 3 kB

	cpu, openFDs, maxFDs, vsize, maxVsize, rss, startTime, received, sent *prometheus.Desc
}

// processCollector is the library's where /proc is not as it should be.
func processCollector() prometheus.Collector {
	p, err := newProcess()
	if err != nil {
		return collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})
	}
	return p
}

func newProcess() (*process, error) {
	self, err := procfs.Self()
	if err != nil {
		return nil, err
	}
	stat, err := self.Stat()
	if err != nil {
		return nil, err
	}
	start, err := stat.StartTime()
	if err != nil {
		return nil, err
	}
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("process_"+name, help, nil, nil)
	}
	return &process{
		self: self, start: start,
		cpu:       desc("cpu_seconds_total", "Total user and system CPU time spent in seconds."),
		openFDs:   desc("open_fds", "Number of open file descriptors."),
		maxFDs:    desc("max_fds", "Maximum number of open file descriptors."),
		vsize:     desc("virtual_memory_bytes", "Virtual memory size in bytes."),
		maxVsize:  desc("virtual_memory_max_bytes", "Maximum amount of virtual memory available in bytes."),
		rss:       desc("resident_memory_bytes", "Resident memory size in bytes."),
		startTime: desc("start_time_seconds", "Start time of the process since unix epoch in seconds."),
		received:  desc("network_receive_bytes_total", "Number of bytes received by the process over the network."),
		sent:      desc("network_transmit_bytes_total", "Number of bytes sent by the process over the network."),
	}, nil
}

// Describe implements prometheus.Collector.
func (p *process) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{p.cpu, p.openFDs, p.maxFDs, p.vsize, p.maxVsize, p.rss, p.startTime, p.received, p.sent} {
		ch <- d
	}
}

// Collect implements prometheus.Collector. What cannot be read is left out.
func (p *process) Collect(ch chan<- prometheus.Metric) {
	say := func(d *prometheus.Desc, kind prometheus.ValueType, value float64) {
		ch <- prometheus.MustNewConstMetric(d, kind, value)
	}
	say(p.startTime, prometheus.GaugeValue, p.start)
	if stat, err := p.self.Stat(); err == nil {
		say(p.cpu, prometheus.CounterValue, stat.CPUTime())
		say(p.vsize, prometheus.GaugeValue, float64(stat.VirtualMemory()))
		say(p.rss, prometheus.GaugeValue, float64(stat.ResidentMemory()))
	}
	if n, err := p.self.FileDescriptorsLen(); err == nil {
		say(p.openFDs, prometheus.GaugeValue, float64(n))
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err == nil {
		say(p.maxFDs, prometheus.GaugeValue, float64(limit.Cur))
	}
	if err := syscall.Getrlimit(syscall.RLIMIT_AS, &limit); err == nil {
		say(p.maxVsize, prometheus.GaugeValue, float64(limit.Cur))
	}
	if received, sent, err := p.network(); err == nil {
		say(p.received, prometheus.CounterValue, received)
		say(p.sent, prometheus.CounterValue, sent)
	}
}

// network returns the bytes of the network interfaces that the process sees.
func (p *process) network() (received, sent float64, err error) {
	file, err := os.Open("/proc/self/net/netstat")
	if err != nil {
		return 0, 0, err
	}
	defer file.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	n, err := io.ReadFull(file, p.buffer[:])
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, 0, fmt.Errorf("read %s: %w", file.Name(), err)
	}
	return octets(p.buffer[:n])
}

// octets finds InOctets and OutOctets of IpExt: a line of names, and one of values.
func octets(netstat []byte) (in, out float64, err error) {
	const table = "IpExt: "
	_, netstat, found := bytes.Cut(netstat, []byte(table))
	head, netstat, _ := bytes.Cut(netstat, []byte("\n"+table))
	line, _, whole := bytes.Cut(netstat, []byte("\n"))
	names, values := bytes.Fields(head), bytes.Fields(line)
	if !found || !whole || len(names) != len(values) {
		return 0, 0, errors.New("netstat has no whole table " + table)
	}
	for i, name := range names {
		switch string(name) {
		case "InOctets":
			in, err = strconv.ParseFloat(string(values[i]), 64)
		case "OutOctets":
			out, err = strconv.ParseFloat(string(values[i]), 64)
		}
		if err != nil {
			return 0, 0, fmt.Errorf("netstat: %w", err)
		}
	}
	return in, out, nil
}
