using System.Net;
using System.Net.Sockets;

using Npgsql;

namespace MoeActors.Integration.Tests;

/// <summary>
/// A real PostgreSQL server on an address of this machine, started by eng/postgres.sh for the tests of one class and removed with them. Where
/// it cannot be installed, the tests are skipped with the script's own sentence.
/// </summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private readonly string folder = Path.Combine(Path.GetTempPath(), $"moe-pg-{Guid.NewGuid():N}"[..16]);

    /// <summary>Why there is no server; null when there is one.</summary>
    public string? Missing { get; private set; }

    /// <summary>Where it listens.</summary>
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>Connection string of its superuser.</summary>
    public string ConnectionString { get; private set; } = "";

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        (int code, _, string error) = await EngScript.RunAsync("postgres.sh", "install");
        if (code != 0)
        {
            Missing = error.Trim().Split('\n')[^1];
            return;
        }

        (code, string output, error) = await EngScript.RunAsync("postgres.sh", "start", folder, $"{FreePort(IPAddress.Parse(Address))}", Address);
        Assert.True(code == 0, error);
        ConnectionString = output.Trim();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (ConnectionString.Length > 0)
        {
            await EngScript.RunAsync("postgres.sh", "stop", folder);
        }
    }

    /// <summary>Runs one statement as its superuser.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using NpgsqlDataSource database = NpgsqlDataSource.Create(ConnectionString);
        await using NpgsqlCommand command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Ends the server as a crash would, and starts it again.</summary>
    public async Task RestartAsync()
    {
        foreach (string verb in (string[])["halt", "again"])
        {
            (int code, _, string error) = await EngScript.RunAsync("postgres.sh", verb, folder);
            Assert.True(code == 0, error);
        }
    }

    private static int FreePort(IPAddress address)
    {
        using var listener = new TcpListener(address, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
