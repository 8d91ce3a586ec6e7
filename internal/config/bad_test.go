package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// canaries stand in testdata wherever a password was written, rightly or
// wrongly. No message may hold one.
var canaries = []string{"s3cr3t", "Canary", "48151623", "hunter2"}

// badFiles are the messages for each testdata/bad-NAME.yml, behind the file's name.
func badFiles() map[string][]string {
	return map[string][]string{
		"accounts": {
			`:6: accounts[1]: is not an account id (decimal digits)`,
			`:7: accounts[2]: is not an account id (decimal digits)`,
			`:8: accounts[3]: is not an account id (decimal digits)`,
			`:9: accounts[4]: is not an account id (decimal digits)`,
			`:10: accounts[5]: is given twice`,
			`:11: accounts[6]: is not an account id (decimal digits)`,
		},
		"accounts-not-a-list": {
			`:4: accounts: is not a list`,
		},
		"accounts-null": {
			`:4: accounts: is not a list`,
		},
		"alias-unknown": {
			`:3: not valid YAML: an alias without its anchor; text that begins with * needs quotes`,
		},
		"anchor": {
			`:2: portal.email: uses an anchor or alias, which is not supported; text that begins with & or * needs quotes`,
			`:3: portal.password: uses an anchor or alias, which is not supported; text that begins with & or * needs quotes`,
		},
		"both-passwords": {
			`:4: portal.password_file: is given beside the password itself: leave one of the two out`,
		},
		"closed-statuses": {
			`:6: collectors.my_calls.closed_statuses: is empty: every ticket would be open for ever`,
		},
		"closed-statuses-items": {
			`:6: collectors.my_calls.closed_statuses[2]: is not text: put it in quotes`,
			`:6: collectors.my_calls.closed_statuses[1]: is empty`,
			`:6: collectors.my_calls.closed_statuses[3]: is given twice`,
		},
		"control-character": {
			`:4: is not UTF-8 text without control characters`,
		},
		"duplicate-key": {
			`:4: portal.email: is given twice, first in line 2`,
			`:5: portal.timeot: unknown key, did you mean "timeout"?`,
			`:7: state_dir: is given twice, first in line 6`,
		},
		"duration": {
			`:5: collectors.my_vm.min_interval: is not a duration such as 30s, 1h30m or 2d`,
			`:5: collectors.my_vm.max_age: is not a duration such as 30s, 1h30m or 2d`,
			`:6: collectors.my_calls.min_interval: is not a duration such as 30s, 1h30m or 2d`,
			`:6: collectors.my_calls.max_age: is not a single value (duration)`,
			`:7: collectors.builds.min_interval: is not a duration such as 30s, 1h30m or 2d`,
			`:8: collectors.billing_csv.min_interval: is not a duration such as 30s, 1h30m or 2d`,
		},
		"duration-not-positive": {
			`:4: portal.timeout: is not more than zero`,
			`:6: collectors.my_vm.min_interval: is not more than zero`,
			`:6: collectors.my_vm.max_age: is not more than zero`,
			`:7: collectors.builds.min_interval: is not more than zero`,
		},
		"email-empty": {
			`:2: portal.email: is empty`,
		},
		"email-missing": {
			`:2: portal.email: is missing: set it here or as UKCLOUD_EMAIL in the environment`,
		},
		"empty": {
			`:1: the file is empty`,
		},
		"empty-comments": {
			`:1: the file is empty`,
		},
		"families": {
			`:5: collectors.compute_services.families: is neither all nor core`,
			`:6: collectors.my_vm.families: unknown key`,
		},
		"flow-password-as-key": {
			`:1: portal.password: has no value (secret)`,
			`:1: portal: unknown key`,
		},
		"for": {
			`:5: collectors.my_calls.for: is neither account nor user`,
		},
		"http-client": {
			`:5: portal.http_client.basic_auth: is not supported: the portal's only login is portal.email with its password`,
			`:8: portal.http_client.authorization: is not supported: the portal's only login is portal.email with its password`,
			`:9: portal.http_client.follow_redirects: is not supported: an expired session answers with a redirect, so the exporter itself decides which to follow and never leaves the host`,
			`:10: portal.http_client.enable_http2: is neither true nor false`,
			`:11: portal.http_client.proxy_url: is not an http, https or socks5 URL with a host`,
			`:13: portal.http_client.tls_config.ca_file: cannot read the file: no such file or directory`,
			`:14: portal.http_client.tls_config.min_version: is not one of TLS10, TLS11, TLS12, TLS13`,
			`:15: portal.http_client.tls_config.insecure_skip_verify: is neither true nor false`,
			`:17: portal.http_client.http_headers.cookie: is a header that the exporter sets itself`,
			`:18: portal.http_client.http_headers.User-Agent: is a header that the exporter sets itself`,
			`:19: portal.http_client.http_headers.X-Empty: has no values`,
			`:20: portal.http_client.http_headers.X-Bad.files: cannot read the file: no such file or directory`,
			`:20: portal.http_client.http_headers.X-Bad: holds a control character`,
			`:21: portal.http_client.http_headers: has a key that is not a header's name`,
		},
		"integers": {
			`:4: portal.rejected_logins_limit: is not an integer`,
			`:6: collectors.billing_csv.vm_limit: is not an integer`,
		},
		"list-as-password": {
			`:3: portal.password: is not a single value (secret)`,
		},
		"max-age": {
			`:6: collectors.my_vm.max_age: is less than min_interval`,
			`:7: collectors.my_calls.max_age: is 1h when left out, less than min_interval`,
			`:10: collectors.billing_csv.max_age: is less than min_interval`,
		},
		"max-age-interval": {
			`:6: collectors.my_vm.min_interval: is not a duration such as 30s, 1h30m or 2d`,
		},
		"max-age-timeout": {
			`:8: collectors.my_vm.max_age: is less than portal.timeout, 1h30m: an answer may take longer than its data would live`,
		},
		"merge-key": {
			`:1: portal.email: is missing: set it here or as UKCLOUD_EMAIL in the environment`,
			`:2: portal: merges another mapping, which is not supported`,
		},
		"not-utf8": {
			`:2: is not UTF-8 text without control characters`,
		},
		"number-as-password": {
			`:3: portal.password: is not text: put it in quotes`,
		},
		"password-empty": {
			`:3: portal.password: is empty`,
		},
		"password-file-empty": {
			`:3: portal.password_file: the file is empty`,
		},
		"password-file-lines": {
			`:3: portal.password_file: the file holds more than one line`,
		},
		"password-file-list": {
			`:3: portal.password_file: is not a single value (path)`,
		},
		"password-file-missing": {
			`:3: portal.password_file: cannot read the file: no such file or directory`,
		},
		"password-file-no-name": {
			`:3: portal.password_file: is empty`,
		},
		"rejected-logins-limit": {
			`:4: portal.rejected_logins_limit: is neither 1 nor 2: the portal locks an account after as few as three rejected logins`,
		},
		"password-null": {
			`:2: portal.email: has no value (text)`,
			`:3: portal.password: has no value (secret)`,
		},
		"portal-missing": {
			`:2: portal.email: is missing: set it here or as UKCLOUD_EMAIL in the environment`,
			`:2: portal.password: is missing: set portal.password_file here, or UKCLOUD_PASSWORD_FILE or UKCLOUD_PASSWORD in the environment`,
		},
		"proxy": {
			`:4: portal.http_client: if no_proxy is configured, proxy_url must also be configured`,
		},
		"proxy-host": {
			`:5: portal.http_client.proxy_url: is not an http, https or socks5 URL with a host`,
		},
		"proxy-scheme": {
			`:5: portal.http_client.proxy_url: is not an http, https or socks5 URL with a host`,
		},
		"root": {
			`:1: is not a section with keys`,
		},
		"root-list": {
			`:1: is not a section with keys`,
		},
		"second-document": {
			`:4: a second YAML document is not supported`,
		},
		"section": {
			`:1: portal: is not a section with keys`,
			`:2: collectors: is not a section with keys`,
		},
		"syntax-colon": {
			`:3: not valid YAML: mapping values are not allowed in this context`,
		},
		"syntax-flow": {
			`:3: not valid YAML: did not find expected ',' or ']'`,
		},
		"syntax-key": {
			`:3: not valid YAML: did not find expected key`,
		},
		"syntax-quote": {
			`:3: not valid YAML: found unexpected end of stream`,
		},
		"tab": {
			`:2: not valid YAML: found character that cannot start any token`,
		},
		"tag": {
			`:3: portal.password: uses a YAML tag, which is not supported; text that begins with ! needs quotes`,
		},
		"tags": {
			`:6: collectors.billing_csv.vm_limit: is less than zero`,
			`:7: collectors.billing_csv.tags[1]: is empty`,
			`:7: collectors.billing_csv.tags[2]: is given twice`,
			`:8: collectors.billing_csv.vm_limit_per_account: is less than zero`,
		},
		"tls-key-alone": {
			`:5: portal.http_client.tls_config: exactly one of cert or cert_file must be configured when a client key is configured`,
		},
		"tls-key-missing": {
			`:7: portal.http_client.tls_config.key_file: cannot read the file: no such file or directory`,
		},
		"tls-pair": {
			`:7: portal.http_client.tls_config.key: and the client certificate are not a pair in PEM`,
			`:8: portal.http_client.tls_config.ca: holds no PEM certificate`,
			`:10: portal.http_client.tls_config.max_version: is older than min_version`,
		},
		"types": {
			`:4: state_dir: is not a single value (path)`,
			`:6: collectors.my_vm.enabled: is neither true nor false`,
			`:7: collectors.builds.enabled: is neither true nor false`,
			`:8: collectors.vmotion_events.per_vm: is neither true nor false`,
			`:9: collectors.billing_csv.vm_limit: is not an integer`,
			`:9: collectors.billing_csv.tags: is not a list`,
			`:10: collectors.my_calls: is not a section with keys`,
			`:11: collectors: has a key that is not plain text`,
		},
		"unknown-key": {
			`:1: portl: unknown key, did you mean "portal"?`,
			`:3: portal.password: is missing: set portal.password_file here, or UKCLOUD_PASSWORD_FILE or UKCLOUD_PASSWORD in the environment`,
			`:5: portal.pasword: unknown key, did you mean "password"?`,
			`:6: portal.timeot: unknown key, did you mean "timeout"?`,
			`:7: colectors: unknown key, did you mean "collectors"?`,
			`:8: unknown key`,
			`:10: collectors.my_vms: unknown key, did you mean "my_vm"?`,
			`:11: collectors.vsphere: unknown key`,
			`:12: collectors.my_calls.per_vm: unknown key`,
			`:13: collectors.my_vm.Max_Age: unknown key, did you mean "max_age"?`,
		},
		"tickets": {
			`:2: tickets: needs a state_dir: without one a restart would open tickets a second time`,
			`:2: tickets.service: is missing: the portal refuses a ticket without it`,
			`:3: tickets.problem_area: is none of what the portal knows of an incident: compute; storage; email and collaboration; other`,
			`:4: tickets.classification: is none of what the portal knows of an incident: Production Service > unavailable or unresponsive; Production Service > available but performance degraded; Production Service > available, but client access to service restricted; Test/Dev Service > unavailable or unresponsive; Test/Dev Service > available, but performance degraded; Test/Dev Service > available, but client access to service restricted; Service available, part of redundant infrastructure unavailable; Confirmed data loss or breach; Possible data loss or breach; Other incident`,
			`:5: tickets.alerts[1]: is neither an alert's name nor matchers such as {severity="critical"}`,
			`:5: tickets.alerts[3]: has a value of severity that is no regular expression`,
			`:5: tickets.alerts[2]: is given twice`,
			`:5: tickets.alerts[4]: is empty`,
			`:6: tickets.summary: is not a template that can be used: summary:2: missing value for if`,
			`:9: tickets.details: is not a template that can be used: details:1:2: executing "details" at <.Kitchen>: can't evaluate field Kitchen in type tickets.Data`,
			`:10: tickets.note: is not a template that can be used: note:1: function "kitchen" not defined`,
			`:11: tickets.resolved_note: is not a template that can be used: resolved_note:1:2: executing "resolved_note" at <index .Alerts 99>: error calling index: index out of range: 99`,
			`:12: tickets.max_new_per_hour: is less than 1: no alert would ever get a ticket of its own`,
			`:13: tickets.reopen_within: is not more than zero`,
			`:14: tickets.dry_run: is neither true nor false`,
		},
		"tickets-both": {
			`:6: tickets.query_nature: is given beside a classification: a ticket is a service request or an incident`,
			`:7: tickets.problem_area: is none of what the portal knows of a service request: compute; storage; email and collaboration; Connectivity PSN or GSI; Connectivity Leased Line; Cloud Enablement Services; IP Addresses; Other`,
			`:8: tickets.alerts: is empty: no alert could open a ticket`,
		},
		"tickets-nothing": {
			`:3: tickets.service: is missing: the portal refuses a ticket without it`,
		},
		"tickets-list": {
			`:2: tickets: is not a section with keys`,
		},
		"url-empty": {
			`:4: portal.url: is not an absolute URL such as https://portal.skyscapecloud.com/api`,
		},
		"url-escape": {
			`:4: portal.url: is not a URL`,
		},
		"url-host": {
			`:4: portal.url: is not an absolute URL such as https://portal.skyscapecloud.com/api`,
		},
		"url-query": {
			`:4: portal.url: holds a query or fragment`,
		},
		"url-relative": {
			`:4: portal.url: is not an absolute URL such as https://portal.skyscapecloud.com/api`,
		},
		"url-scheme": {
			`:4: portal.url: is not an absolute URL such as https://portal.skyscapecloud.com/api`,
		},
		"url-user": {
			`:4: portal.url: holds a user or password: the login belongs in portal.email and portal.password_file`,
		},
	}
}

func noEnv(string) string { return "" }

func TestBadFiles(t *testing.T) {
	tests := badFiles()
	files, err := filepath.Glob("testdata/bad-*.yml")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(tests) {
		t.Errorf("%d files, %d tests", len(files), len(tests))
	}
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(file, "testdata/bad-"), ".yml")
		t.Run(name, func(t *testing.T) {
			c, err := Load(file, noEnv)
			if c != nil || err == nil {
				t.Fatal("it loads")
			}
			want := file + strings.Join(tests[name], "\n"+file)
			if err.Error() != want {
				t.Errorf("got\n%s\nwant\n%s", err, want)
			}
			checkProblems(t, err, canaries)
		})
	}
}

// checkProblems: the error is a list of problems, each of one line, and quotes
// nothing secret.
func checkProblems(t *testing.T, err error, secrets []string) {
	t.Helper()
	var problems Problems
	if !errors.As(err, &problems) || len(problems) == 0 {
		t.Fatalf("%T is not a list of problems", err)
	}
	for _, p := range problems {
		if strings.ContainsAny(p.Error(), "\r\n") {
			t.Errorf("not one line: %q", p.Error())
		}
		if !errors.Is(err, p) {
			t.Errorf("errors.Is does not find %v", p)
		}
	}
	for _, secret := range secrets {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%q is in %q", secret, err)
		}
	}
}

func TestUnreadableFile(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{
		filepath.Join(dir, "missing.yml"): ": cannot read the file: no such file or directory",
		dir:                               ": cannot read the file: is a directory",
	} {
		if _, err := Load(path, noEnv); err == nil || err.Error() != path+want {
			t.Errorf("got %v, want %s", err, path+want)
		}
	}
}

// FuzzLoad: any file either loads or gives problems of one line each, which never
// hold the canary. The environment gives the login, so that files about
// something else can load too.
func FuzzLoad(f *testing.F) {
	const canary = "s3cr3t Canary/48151623"
	files, err := filepath.Glob("testdata/*.yml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range append(files, "../../config.example.yml") {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	path := filepath.Join(f.TempDir(), "config.yml")
	env := map[string]string{"UKCLOUD_EMAIL": "exporter@example.com", "UKCLOUD_PASSWORD": canary}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(path, func(name string) string { return env[name] })
		if err != nil {
			checkProblems(t, err, []string{canary})
			return
		}
		c.Digest()
		if _, err := c.Credentials(); err != nil {
			t.Error(err)
		}
		if _, err := c.HTTPTransport(); err != nil {
			t.Error(err)
		}
	})
}
