using System.Net;
using System.Net.Sockets;

using MoeActors.Compute.Checkpoints.Storage.ObjectStores;

namespace MoeActors.Integration.Tests;

/// <summary>
/// An S3-compatible server on the loopback address that is not ours (npm's s3rver), started by eng/s3rver.sh for the tests of one class and removed with them. It
/// knows its access key (but computes no signature of version 4) and ignores conditions. Where it cannot be installed, the tests are skipped with the script's own sentence.
/// </summary>
public sealed class S3Server : IAsyncLifetime
{
    private readonly string folder = Path.Combine(Path.GetTempPath(), $"moe-s3-{Guid.NewGuid():N}"[..16]);
    private string endpoint = "";

    /// <summary>Why there is no server; null when there is one.</summary>
    public string? Missing { get; private set; }

    /// <summary>How it is reached.</summary>
    public ObjectStoreOptions Options => new()
    {
        Endpoint = endpoint,
        AccessKey = "S3RVER",
        SecretKey = "S3RVER",
        PartBytes = 5 << 20,
        Conditions = ConditionalPut.Lock,
    };

    /// <summary>A place in its bucket that nobody else uses.</summary>
    public static ObjectLocation Fresh() => ObjectLocation.Parse("s3://moe")!.Below($"{Guid.NewGuid():N}");

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        (int code, _, string error) = await EngScript.RunAsync("s3rver.sh", "install");
        if (code != 0)
        {
            Missing = error.Trim().Split('\n')[^1];
            return;
        }

        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        int port = ((IPEndPoint)free.LocalEndpoint).Port;
        free.Stop();
        (code, string output, error) = await EngScript.RunAsync("s3rver.sh", "start", folder, $"{port}");
        Assert.True(code == 0, error);
        endpoint = output.Trim();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (endpoint.Length > 0)
        {
            await EngScript.RunAsync("s3rver.sh", "stop", folder);
        }
    }
}
