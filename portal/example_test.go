package portal_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"time"

	"ukcloud_exporter/money"
	"ukcloud_exporter/portal"
	"ukcloud_exporter/portal/simulator"
)

// examplePortal is a simulated portal that the examples talk to.
func examplePortal() (url string, closeAll func()) {
	at := time.Date(2018, 3, 14, 15, 0, 0, 0, time.UTC)
	p, err := simulator.New(simulator.Options{VMs: 5, Now: func() time.Time { return at }})
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(p)
	return server.URL + "/api", func() {
		server.Close()
		p.Close()
	}
}

func exampleClient() (client *portal.Client, closeAll func()) {
	url, closePortal := examplePortal()
	client, err := portal.New(url, func() (portal.Credentials, error) {
		return portal.Credentials{Email: "demo@example.com", Password: portal.NewSecret("demo")}, nil
	})
	if err != nil {
		log.Fatal(err)
	}
	return client, func() {
		client.CloseIdleConnections()
		closePortal()
	}
}

// A client of the vendor's portal has the URL
// "https://portal.skyscapecloud.com/api". It logs in by itself at the first call.
func Example() {
	url, closePortal := examplePortal()
	defer closePortal()

	client, err := portal.New(url, func() (portal.Credentials, error) {
		return portal.Credentials{Email: "demo@example.com", Password: portal.NewSecret("demo")}, nil
	}, portal.WithTimeout(time.Minute))
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()

	accounts, err := client.Accounts(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	for _, account := range accounts {
		fmt.Println("account", account.ID)
	}
	// Output: account 1
}

// The cost of all VMs of an account so far this month. A VM without a cost is not
// free: it is left out.
func ExampleClient_VMs() {
	client, closeAll := exampleClient()
	defer closeAll()

	var sum money.Amount
	vms := 0
	for vm, err := range client.VMs(context.Background(), "1") {
		if err != nil {
			log.Fatal(err)
		}
		if vm.MonthToDate.Valid {
			sum += vm.MonthToDate.Value
			vms++
		}
	}
	fmt.Println(vms, "VMs cost more than £10:", sum > 10*money.Pound)
	// Output: 5 VMs cost more than £10: true
}

// Who asks again and again sends what the portal said before, and is told cheaply
// that nothing has changed.
func ExampleClient_Conditional() {
	client, closeAll := exampleClient()
	defer closeAll()

	conditional := client.Conditional()
	first, err := conditional.ComputeServices(context.Background(), "1", nil)
	if err != nil {
		log.Fatal(err)
	}
	second, err := conditional.ComputeServices(context.Background(), "1", first)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("unchanged:", first == second)
	// Output: unchanged: true
}

// A bill is a stream, which package csvparse reads row by row.
func ExampleClient_BillingCSV() {
	client, closeAll := exampleClient()
	defer closeAll()
	ctx := context.Background()

	credentials, err := client.APICredentials(ctx, "1")
	if err != nil {
		log.Fatal(err)
	}
	bill, err := client.BillingCSV(ctx, "2018-02", credentials[0].ServiceID, "")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = bill.Close() }()
	text, err := io.ReadAll(bill)
	if err != nil {
		log.Fatal(err)
	}
	header, _, _ := strings.Cut(string(text), ",")
	fmt.Println(header)
	// Output: EventDate
}

// A build takes minutes. What a write led to may be unknown: then look, and do not
// send it again.
func ExampleClient_CreateVDC() {
	client, closeAll := exampleClient()
	defer closeAll()
	ctx := context.Background()

	vorgs, err := client.VOrgs(ctx, "1")
	if err != nil {
		log.Fatal(err)
	}
	build, err := client.CreateVDC(ctx, "1", vorgs[0].ID, "Demo", portal.Essential)
	if errors.Is(err, portal.ErrOutcomeUnknown) {
		log.Fatal("look at the account's builds: ", err)
	}
	if err != nil {
		log.Fatal(err)
	}
	build, err = client.WaitBuild(ctx, portal.BuildVDC, build.ID, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(build.VDCName, build.State)
	// Output: Demo completed
}

func ExampleClient_CreateIncident() {
	client, closeAll := exampleClient()
	defer closeAll()

	ticket, err := client.CreateIncident(context.Background(), portal.Incident{
		Area:           portal.IncidentCompute,
		Service:        "My Service",
		Classification: portal.ProductionUnavailable,
		Summary:        "No VM answers",
		Details:        "Since 15:00 no VM of the service can be reached.",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ticket.ID, ticket.Summary)
	// Output: INC10001 No VM answers
}

// What has no method of its own is read by the tags of any type.
func ExampleDo() {
	client, closeAll := exampleClient()
	defer closeAll()

	type pong struct {
		Response string `json:"response"`
	}
	answer, err := portal.Do[pong](context.Background(), client, portal.Request{Path: []string{"ping"}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.Response)
	// Output: OK
}
