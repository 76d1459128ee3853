using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

using MoeActors.Actors.Faults;
using MoeActors.Actors.Protocol;
using MoeActors.Host.Commands;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Http;

/// <summary>Body of POST /faults; an unknown name in it is refused.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record FaultBody
{
    /// <summary>Kind.</summary>
    public required string Kind { get; init; }

    /// <summary>Target.</summary>
    public required string Target { get; init; }

    /// <summary>Parameters.</summary>
    public Dictionary<string, string> Parameters { get; init; } = [];

    /// <summary>A number of steps, or a duration such as "5s"; null = at once.</summary>
    public string? After { get; init; }

    /// <summary>A duration such as "5s"; null for a kind of one moment.</summary>
    public string? For { get; init; }

    /// <summary>Check only.</summary>
    public bool DryRun { get; init; }

    /// <summary>Name of the request: one that is sent again is not carried out twice.</summary>
    public string Request { get; init; } = "";
}

/// <summary>
/// Injected failures over HTTP (AD-1), for those who know the token: GET /faults/kinds, GET /faults, GET /faults/ID, POST /faults, DELETE /faults/ID, with "Authorization: Bearer TOKEN".
/// </summary>
internal sealed class FaultApi(string token, Func<IControlMessage, CancellationToken, Task<object>> ask)
{
    /// <summary>Largest body accepted.</summary>
    public const int MaxBody = 16 << 10;

    private static readonly JsonSerializerOptions Format = JsonOutput.Options;
    private static readonly JsonSerializerOptions Body = new(JsonSerializerDefaults.Web) { RespectNullableAnnotations = true, AllowDuplicateProperties = false };

    /// <summary>Adds the routes.</summary>
    public void Map(WebApplication app)
    {
        string[] reading = [HttpMethods.Get, HttpMethods.Head];
        RouteGroup(app, "/faults", reading, (c, _) => AnswerAsync(c, new FaultsQuery("")));
        RouteGroup(app, "/faults/kinds", reading, (c, _) => c.Response.WriteAsJsonAsync(FaultKinds.All.Select(FaultJson.Of), Format, c.RequestAborted));
        RouteGroup(app, "/faults/{id}", reading, (c, id) => AnswerAsync(c, new FaultsQuery(id)));
        RouteGroup(app, "/faults/{id}", [HttpMethods.Delete], (c, id) => AnswerAsync(c, new CancelFault(id, By(c))));
        RouteGroup(app, "/faults", [HttpMethods.Post], async (c, _) =>
        {
            if (await BodyAsync(c) is { } fault)
            {
                await AnswerAsync(c, fault);
            }
        });
    }

    private static string By(HttpContext c) => $"HTTP API ({c.Connection.RemoteIpAddress})";

    private void RouteGroup(WebApplication app, string pattern, string[] methods, Func<HttpContext, string, Task> handle) => app.MapMethods(pattern, methods, async context =>
    {
        if (!IsAuthorized(context.Request.Headers.Authorization.ToString()))
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            await RefuseAsync(context, StatusCodes.Status401Unauthorized, "expected the header Authorization: Bearer TOKEN with the token of http.token");
            return;
        }

        await handle(context, context.Request.RouteValues["id"] as string ?? "");
    });

    /// <summary>In a time that says nothing about how much of the token was right.</summary>
    private bool IsAuthorized(string header)
    {
        const string Scheme = "Bearer ";
        return header.StartsWith(Scheme, StringComparison.Ordinal)
            && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(header[Scheme.Length..])), SHA256.HashData(Encoding.UTF8.GetBytes(token)));
    }

    private static async Task<InjectFault?> BodyAsync(HttpContext context)
    {
        FaultBody body;
        try
        {
            body = await JsonSerializer.DeserializeAsync<FaultBody>(context.Request.Body, Body, context.RequestAborted) ?? throw new JsonException("expected an object");
        }
        catch (JsonException e)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, $"the body cannot be understood: {e.Message}");
            return null;
        }

        // The serializer keeps null out of properties, not out of what a dictionary holds.
        if (body.Parameters.FirstOrDefault(p => p.Value is null).Key is { } empty)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, $"parameters.{empty}: expected a text, found null");
            return null;
        }

        TimeSpan after = TimeSpan.Zero, length = TimeSpan.Zero;
        long step = -1;
        if (body.After is { } wait && !long.TryParse(wait, NumberStyles.None, CultureInfo.InvariantCulture, out step))
        {
            step = Quantities.TryDuration(wait, out after) ? -1 : -2;
        }

        if (step == -2 || (body.For is { } lasts && !Quantities.TryDuration(lasts, out length)))
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "after: expected a number of steps or a duration such as \"5s\"; for: a duration");
            return null;
        }

        return new InjectFault(
            body.Kind, body.Target, [.. body.Parameters.Select(p => $"{p.Key}={p.Value}")], step, (long)after.TotalMilliseconds, (long)length.TotalMilliseconds, body.DryRun, By(context), body.Request);
    }

    private async Task AnswerAsync(HttpContext context, IControlMessage question)
    {
        object answer;
        try
        {
            answer = await ask(question, context.RequestAborted);
        }
        catch (Akka.Actor.AskTimeoutException)
        {
            await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "no admin answers for the moment: try again");
            return;
        }

        switch (answer)
        {
            case FaultAnswer { Accepted: false } refused:
                await RefuseAsync(context, StatusCodes.Status409Conflict, refused.Message);
                break;
            case FaultsAnswer { Faults.Count: 0 } when question is FaultsQuery { Id.Length: > 0 } query:
                await RefuseAsync(context, StatusCodes.Status404NotFound, $"there is no fault {query.Id}");
                break;
            default:
                await context.Response.WriteAsJsonAsync(answer, answer.GetType(), Format, context.RequestAborted);
                break;
        }
    }

    private static Task RefuseAsync(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new { error = message }, Format, context.RequestAborted);
    }
}
