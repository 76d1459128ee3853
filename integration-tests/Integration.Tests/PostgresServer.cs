using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace MoeActors.Integration.Tests;

/// <summary>
/// A real PostgreSQL server on the loopback address, started by eng/postgres.sh for the tests of one class and removed with them. Where it
/// cannot be installed, the tests are skipped with the script's own sentence.
/// </summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private readonly string folder = Path.Combine(Path.GetTempPath(), $"moe-pg-{Guid.NewGuid():N}"[..16]);

    /// <summary>Why there is no server; null when there is one.</summary>
    public string? Missing { get; private set; }

    /// <summary>Connection string of its superuser.</summary>
    public string ConnectionString { get; private set; } = "";

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        (int code, _, string error) = await ScriptAsync("install");
        if (code != 0)
        {
            Missing = error.Trim().Split('\n')[^1];
            return;
        }

        (code, string output, error) = await ScriptAsync("start", folder, $"{FreePort()}");
        Assert.True(code == 0, error);
        ConnectionString = output.Trim();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (ConnectionString.Length > 0)
        {
            await ScriptAsync("stop", folder);
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task<(int Code, string Output, string Error)> ScriptAsync(params string[] arguments)
    {
        DirectoryInfo root = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "MoeActors.sln")))
        {
            root = root.Parent ?? throw new DirectoryNotFoundException("the repository is not above the tests");
        }

        var info = new ProcessStartInfo("bash", [Path.Combine(root.FullName, "eng", "postgres.sh"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process script = Process.Start(info)!;
        Task<string> error = script.StandardError.ReadToEndAsync();
        string output = await script.StandardOutput.ReadToEndAsync();
        await script.WaitForExitAsync();
        return (script.ExitCode, output, await error);
    }
}
