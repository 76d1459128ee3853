using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

using MoeActors.Actors.Protocol;
using MoeActors.Host.Http;

namespace MoeActors.Host.Tests.Http;

/// <summary>AD-1 over HTTP: only with the token, strictly parsed, answered with what the admin says.</summary>
public sealed class FaultApiTests : IAsyncLifetime
{
    private const string Token = "0123456789abcdef-token";
    private readonly List<IControlMessage> asked = [];
    private object answer = new FaultAnswer(true, "f-1", "f-1: kill-process on node-2");
    private StatusServer server = null!;
    private HttpClient client = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var api = new FaultApi(Token, (message, _) =>
        {
            asked.Add(message);
            return Task.FromResult(answer);
        });
        server = await StatusServer.StartAsync(new StatusServerOptions { Faults = api }, () => new StatusPage { RunId = "", State = "running", Health = "ok" }, Cancellation);
        client = new HttpClient { BaseAddress = server.Address };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await server.DisposeAsync();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("Bearer wrong")]
    [InlineData("Basic 0123456789abcdef-token")]
    [InlineData("Bearer 0123456789abcdef-token ")]
    public async Task Without_the_token_nobody_is_asked(string? header)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Address, "/faults"));
        using var stranger = new HttpClient();
        if (header is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", header);
        }

        // A space at the end of a header is no part of it: the last case is the token itself.
        using HttpResponseMessage got = await stranger.SendAsync(request, Cancellation);
        bool right = header?.TrimEnd() == $"Bearer {Token}";
        Assert.Equal(right ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, got.StatusCode);
        Assert.Equal(right ? 1 : 0, asked.Count);
    }

    [Fact]
    public async Task A_fault_is_asked_for_as_the_body_says()
    {
        using HttpResponseMessage got = await client.PostAsJsonAsync(
            "/faults", new { kind = "link-delay", target = "node-1>node-2", parameters = new { ms = "50" }, after = "20", @for = "5s", request = "r-1" }, Cancellation);
        Assert.Equal(HttpStatusCode.OK, got.StatusCode);
        Assert.Equal("f-1", (await got.Content.ReadFromJsonAsync<JsonElement>(Cancellation)).GetProperty("id").GetString());
        InjectFault fault = Assert.IsType<InjectFault>(Assert.Single(asked));
        Assert.Equal(("link-delay", "node-1>node-2", 20L, 5000L, "r-1"), (fault.Kind, fault.Target, fault.AfterStep, fault.ForMs, fault.Request));
        Assert.Equal(["ms=50"], fault.Parameters);
        Assert.StartsWith("HTTP API", fault.By, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{\"kind\":\"kill-process\"}")]
    [InlineData("{\"kind\":\"kill-process\",\"target\":\"node-2\",\"wen\":\"5s\"}")]
    [InlineData("{\"kind\":\"kill-process\",\"target\":\"node-2\",\"after\":\"soon\"}")]
    [InlineData("{\"kind\":\"kill-process\",\"target\":\"node-2\",\"for\":\"5\"}")]
    [InlineData("null")]
    [InlineData("{\"kind\":null,\"target\":\"node-2\"}")]
    [InlineData("{\"kind\":\"kill-process\",\"target\":null}")]
    [InlineData("{\"kind\":\"kill-process\",\"target\":\"node-2\",\"parameters\":null}")]
    [InlineData("{\"kind\":\"link-delay\",\"target\":\"node-2\",\"parameters\":{\"ms\":null}}")]
    [InlineData("{\"kind\":\"kill-process\",\"target\":\"node-2\",\"request\":null}")]
    public async Task A_body_that_cannot_be_understood_is_refused_with_the_reason(string body)
    {
        using var content = new StringContent(body);
        using HttpResponseMessage got = await client.PostAsync(new Uri("/faults", UriKind.Relative), content, Cancellation);
        Assert.Equal(HttpStatusCode.BadRequest, got.StatusCode);
        Assert.NotEmpty((await got.Content.ReadFromJsonAsync<JsonElement>(Cancellation)).GetProperty("error").GetString()!);
        Assert.Empty(asked);
    }

    [Fact]
    public async Task A_refusal_is_a_conflict_with_the_admins_reason_and_an_unknown_fault_is_not_found()
    {
        answer = new FaultAnswer(false, "", "2 faults are under way");
        using HttpResponseMessage refused = await client.PostAsJsonAsync("/faults", new { kind = "kill-process", target = "node-2" }, Cancellation);
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        Assert.Contains("2 faults are under way", await refused.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        answer = new FaultsAnswer(true, 2, 1000, []);
        using HttpResponseMessage missing = await client.GetAsync(new Uri("/faults/f-9", UriKind.Relative), Cancellation);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
    }

    [Fact]
    public async Task A_fault_is_cancelled_and_the_kinds_are_listed()
    {
        using HttpResponseMessage cancelled = await client.DeleteAsync(new Uri("/faults/f-1", UriKind.Relative), Cancellation);
        Assert.Equal("f-1", Assert.IsType<CancelFault>(Assert.Single(asked)).Id);
        JsonElement kinds = await client.GetFromJsonAsync<JsonElement>("/faults/kinds", Cancellation);
        Assert.Contains(kinds.EnumerateArray(), k => k.GetProperty("name").GetString() == "kill-process");
    }

    [Fact]
    public async Task Without_a_token_in_the_settings_there_is_no_such_page()
    {
        await using StatusServer plain = await StatusServer.StartAsync(new StatusServerOptions(), () => new StatusPage { RunId = "", State = "running", Health = "ok" }, Cancellation);
        using HttpResponseMessage got = await client.GetAsync(new Uri(plain.Address, "/faults"), Cancellation);
        Assert.Equal(HttpStatusCode.NotFound, got.StatusCode);
    }
}
