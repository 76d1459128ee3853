using System.Net;
using System.Net.Mime;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using MoeActors.Host.Commands;
using MoeActors.Host.Reports;
using Prometheus;

namespace MoeActors.Host.Http;

/// <summary>
/// HTTP for people and monitoring: <c>/</c> a page that refreshes itself, <c>/status</c> JSON, <c>/metrics</c> Prometheus text, <c>/health</c>; read-only but for
/// <c>/faults</c>, which is there only where a token is set.
/// Takes nothing from the environment or from configuration files, and leaves the process's signals alone.
/// </summary>
public sealed class StatusServer : IAsyncDisposable
{
    private static readonly string[] Reading = [HttpMethods.Get, HttpMethods.Head];

    private readonly WebApplication _app;

    private StatusServer(WebApplication app, Uri address)
    {
        _app = app;
        Address = address;
    }

    /// <summary>Where it listens, with the real port.</summary>
    public Uri Address { get; }

    /// <summary>Starts a server. <paramref name="status"/> is called on a pool thread for each request, so it must be thread-safe and return at once.</summary>
    /// <exception cref="StatusServerException">The port is taken, or the address is not this machine's.</exception>
    public static async Task<StatusServer> StartAsync(StatusServerOptions options, Func<StatusPage> status, CancellationToken cancellation = default)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "moe", ContentRootPath = AppContext.BaseDirectory });
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, NoSignals>();
        builder.WebHost.UseKestrelCore();
        var places = new ConnectionPlaces(options.Connections);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.Faults is null ? 0 : FaultApi.MaxBody;
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(10);
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(5);

            // Above the places, which are given up one by one: those that leave need a moment for it.
            kestrel.Limits.MaxConcurrentConnections = 2 * options.Connections;
            kestrel.Listen(options.Address, options.Port, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                listen.Use(next => async connection =>
                {
                    places.Enter(connection.ConnectionId, connection.Abort);
                    try
                    {
                        await next(connection).ConfigureAwait(false);
                    }
                    finally
                    {
                        places.Leave(connection.ConnectionId);
                    }
                });
            });
        });
        WebApplication app = builder.Build();
        app.Use(async (context, next) =>
        {
            places.Answering(context.Connection.Id, begins: true);
            try
            {
                await next(context).ConfigureAwait(false);
            }
            finally
            {
                places.Answering(context.Connection.Id, begins: false);
            }
        });
        Map(app, status, loopback: IPAddress.IsLoopback(options.Address));
        options.Faults?.Map(app);
        try
        {
            await app.StartAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            await app.DisposeAsync().ConfigureAwait(false);
            throw new StatusServerException(
                $"status server: cannot listen on {options.Address} port {options.Port}: {e.Message.TrimEnd('.')}. Choose another port (http.port), or 0 for any free one.", e);
        }

        return new(app, new Uri(app.Urls.First()));
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await _app.StopAsync(deadline.Token).ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
    }

    private static void Map(WebApplication app, Func<StatusPage> status, bool loopback)
    {
        app.UseRouting();
        app.Use(async (context, next) =>
        {
            // A page elsewhere must not read a local run through a name that it points at this machine (DNS rebinding).
            if (loopback && !IsLocalName(context.Request.Host.Host))
            {
                context.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
                return;
            }

            context.Response.Headers.CacheControl = "no-store";
            context.Response.Headers.XContentTypeOptions = "nosniff";
            context.Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'";
            await next(context).ConfigureAwait(false);
        });
        app.MapMethods("/", Reading, () => Results.Text(Dashboard.Page, MediaTypeNames.Text.Html, System.Text.Encoding.UTF8));
        app.MapMethods("/health", Reading, () =>
        {
            string health = status().Health;
            return Results.Text(health + "\n", statusCode: health == NodeHealth.Ok ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
        });
        app.MapMethods("/status", Reading, (HttpContext context) => context.Response.WriteAsJsonAsync(status(), ReportJson.Line, context.RequestAborted));
        app.MapMethods("/metrics", Reading, async (HttpContext context) =>
        {
            context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
            await Metrics.DefaultRegistry.CollectAndExportAsTextAsync(context.Response.Body, context.RequestAborted).ConfigureAwait(false);
        });
    }

    private static bool IsLocalName(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address) && IPAddress.IsLoopback(address));

    /// <summary>Ctrl-C and SIGTERM belong to the command, which writes a checkpoint first; the web host must not take them.</summary>
    private sealed class NoSignals : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
