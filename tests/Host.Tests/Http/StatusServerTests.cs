using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using MoeActors.Actors.Protocol;
using MoeActors.Host.Commands;
using MoeActors.Host.Http;
using MoeActors.Host.Nodes;
using MoeActors.Host.Progress;
using MoeActors.Host.Tests.Progress;

namespace MoeActors.Host.Tests.Http;

public class StatusServerTests
{
    private static readonly StatusPage Status = new()
    {
        RunId = "a1b2",
        Model = "tiny",
        State = "running",
        Health = NodeHealth.Ok,
        Progress = new(5, 10, double.NaN, null, 100, TimeSpan.FromSeconds(9), 2, 3, null, 1, 2, null),
        Nodes = [new("node-1", 4711)],
        Events = [new(DateTimeOffset.UnixEpoch, ProgressEventKind.Fault, "node-2 died")],
    };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_serves_metrics_status_health_and_a_page()
    {
        await using StatusServer server = await StatusServer.StartAsync(new(), () => Status, Cancellation);
        using var client = new HttpClient { BaseAddress = server.Address };

        RecoveryMetrics.Faults.WithLabels("process-killed", "true").Inc();
        StepMetrics.Loss.Set(2.5);
        RecoveryMetrics.Plt.Set(0.0125);
        string metrics = await client.GetStringAsync("/metrics", Cancellation);
        Assert.Contains("moe_faults_total{kind=\"process-killed\",injected=\"true\"} 1", metrics, StringComparison.Ordinal);
        Assert.Contains("moe_loss 2.5", metrics, StringComparison.Ordinal);
        Assert.Contains("moe_plt_ratio 0.0125", metrics, StringComparison.Ordinal);

        JsonElement status = await client.GetFromJsonAsync<JsonElement>("/status", Cancellation);
        Assert.Equal("running", status.GetProperty("state").GetString());
        Assert.Equal(JsonValueKind.Null, status.GetProperty("progress").GetProperty("loss").ValueKind);
        Assert.Equal("fault", status.GetProperty("events")[0].GetProperty("kind").GetString());

        Assert.Equal("ok\n", await client.GetStringAsync("/health", Cancellation));
        using HttpResponseMessage page = await client.GetAsync("/", Cancellation);
        Assert.Equal("text/html", page.Content.Headers.ContentType!.MediaType);
        Assert.Equal("127.0.0.1", server.Address.Host);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/health")]
    [InlineData("/status")]
    [InlineData("/metrics")]
    public async Task What_can_be_read_can_be_asked_for_without_its_body(string path)
    {
        await using StatusServer server = await StatusServer.StartAsync(new(), () => Status, Cancellation);
        using var client = new HttpClient { BaseAddress = server.Address };
        using var head = new HttpRequestMessage(HttpMethod.Head, path);
        using HttpResponseMessage answer = await client.SendAsync(head, Cancellation);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Empty(await answer.Content.ReadAsByteArrayAsync(Cancellation));
        using HttpResponseMessage body = await client.GetAsync(path, Cancellation);
        Assert.Equal(body.Content.Headers.ContentType, answer.Content.Headers.ContentType);
    }

    [Fact]
    public async Task A_node_that_is_not_well_says_why_and_that_it_is_not()
    {
        await using StatusServer server = await StatusServer.StartAsync(new(), () => Status with { Health = "no coordinator has answered this node for 40 s" }, Cancellation);
        using var client = new HttpClient { BaseAddress = server.Address };
        using HttpResponseMessage answer = await client.GetAsync("/health", Cancellation);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal("no coordinator has answered this node for 40 s\n", await answer.Content.ReadAsStringAsync(Cancellation));
    }

    [Fact]
    public async Task Connections_that_say_nothing_keep_nobody_from_an_answer()
    {
        await using StatusServer server = await StatusServer.StartAsync(new(), () => Status, Cancellation);
        var silent = new List<TcpClient>();
        try
        {
            for (int i = 0; i < 300; i++)
            {
                silent.Add(new TcpClient());
                await silent[^1].ConnectAsync(server.Address.Host, server.Address.Port, Cancellation);
            }

            using var client = new HttpClient { BaseAddress = server.Address };
            Assert.Equal("ok\n", await client.GetStringAsync("/health", Cancellation));
        }
        finally
        {
            silent.ForEach(c => c.Dispose());
        }
    }

    [Fact]
    public void What_the_coordinator_says_is_shown_until_it_has_been_silent_for_long()
    {
        var clock = new StoppedClock();
        var poll = new StatusPoll(null!, clock);
        Assert.Equal(("starting", "starting: no coordinator has answered this node yet"), (poll.Status().State, poll.Status().Health));
        poll.Take(new RunStatus("running", "a1b2", "/no/such/run", 1, 7, 60, 2.5, double.NaN, 100, 0.1, 2, 2, -1, -1, "", 0, [], ["node-1 pid 4711", "node-2 pid 4712"], double.NaN));
        clock.Advance(TimeSpan.FromSeconds(14));
        StatusPage status = poll.Status();
        Assert.Equal(("running", NodeHealth.Ok, null), (status.State, status.Health, status.Model));
        Assert.Equal([new NodeStatus("node-1", 4711), new NodeStatus("node-2", 4712)], status.Nodes);
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("no coordinator has answered this node for 16 s", poll.Status().Health);
    }

    [Fact]
    public void The_fields_of_the_status_are_those_that_are_documented()
    {
        string document = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Http", "metrics.md"));
        string row = document.Split('\n').Single(l => l.StartsWith("| `/status`", StringComparison.Ordinal));
        JsonElement status = JsonSerializer.SerializeToElement(Status, Host.Reports.ReportJson.Line);
        Assert.All(status.EnumerateObject(), field => Assert.Contains($"`{field.Name}`", row, StringComparison.Ordinal));
        Assert.Equal(status.EnumerateObject().Count(), row.Split('`').Length / 2 - 1);
    }

    [Fact]
    public async Task A_request_under_a_foreign_name_is_refused()
    {
        await using StatusServer server = await StatusServer.StartAsync(new(), () => Status, Cancellation);
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Address, "/status"));
        request.Headers.Host = "evil.example";
        using HttpResponseMessage answer = await client.SendAsync(request, Cancellation);
        Assert.Equal(HttpStatusCode.MisdirectedRequest, answer.StatusCode);
    }

    [Fact]
    public async Task A_port_in_use_is_named_with_the_remedy()
    {
        await using StatusServer server = await StatusServer.StartAsync(new(), () => Status, Cancellation);
        var e = await Assert.ThrowsAsync<StatusServerException>(() => StatusServer.StartAsync(new() { Port = server.Address.Port }, () => Status, Cancellation));
        Assert.Contains($"port {server.Address.Port}", e.Message, StringComparison.Ordinal);
        Assert.Contains("Choose another port", e.Message, StringComparison.Ordinal);
    }
}
