using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

using DotNet.Testcontainers.Configurations;

using MoeActors.Host.Commands;
using MoeActors.Host.Tests.Processes.Harness;

using Npgsql;

namespace MoeActors.Integration.Tests.Containers;

/// <summary>
/// What all container tests share: a Docker Engine (eng/docker.sh), the product's image (eng/container-image.sh), a PostgreSQL server that containers
/// reach, and a run nothing happened to. Where no engine can run, or no base image can be made, the tests are skipped with the script's own sentence.
/// MOE_CONTAINER_BASE names another base image.
/// </summary>
public sealed class ContainerEngine : IAsyncLifetime
{
    /// <summary>Steps of every run here, and between its checkpoints.</summary>
    internal const int Steps = 48, Interval = 8;

    private World? world;
    private PostgresServer? postgres;
    private bool ours;

    /// <summary>Why there is none; null when there is.</summary>
    public string? Missing { get; private set; }

    /// <summary>The product's image.</summary>
    public string Image { get; } = $"moe-test:{Guid.NewGuid():N}";

    /// <summary>The text every run is trained on.</summary>
    internal string Text => world!.Text;

    /// <summary>The database server.</summary>
    internal PostgresServer Postgres => postgres!;

    /// <summary>The same run, on this machine, in one process.</summary>
    internal RunRecord Undisturbed { get; private set; } = null!;

    /// <summary>Flags of every run here.</summary>
    internal static string[] Flags(string text, string folder) =>
    [
        "--preset", "tiny", "--data", text, "--steps", $"{Steps}", "--run-dir", folder,
        "--set", $"checkpoint.interval={Interval}", "--set", "evaluation.final-max-sequences=4",
    ];

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        try
        {
            await StartAsync();
        }
        catch
        {
            // Nobody else disposes of what is half made.
            await DisposeAsync();
            throw;
        }
    }

    private async Task StartAsync()
    {
        string? api = await TryAsync("docker.sh", "start");
        if (api is null)
        {
            return;
        }

        // Older engines refuse what newer clients speak by default, and there is no image of a reaper to pull.
        Environment.SetEnvironmentVariable("DOCKER_API_VERSION", api);
        TestcontainersSettings.ResourceReaperEnabled = false;
        ours = true;
        string[] wanted = Environment.GetEnvironmentVariable("MOE_CONTAINER_BASE") is { Length: > 0 } named ? [named] : ["--test"];
        if (await TryAsync("container-base.sh", wanted) is not { } chosen || await TryAsync("postgres.sh", "install") is null)
        {
            return;
        }

        (int code, _, string error) = await EngScript.RunAsync("container-image.sh", Image, chosen);
        Assert.True(code == 0, error);

        // The engine's own bridge: reached from all networks of containers, and from no other machine.
        string bridge = await DockerCli.RunAsync("network", "inspect", "bridge", "--format", "{{index .Options \"com.docker.network.bridge.name\"}}");
        IPAddress address = NetworkInterface.GetAllNetworkInterfaces().Single(i => i.Name == bridge).GetIPProperties().UnicastAddresses
            .Select(a => a.Address).First(a => a.AddressFamily == AddressFamily.InterNetwork);
        postgres = new PostgresServer { Address = address.ToString() };
        await postgres.InitializeAsync();

        world = new World();
        Ended ended = await world.RunAsync(["train", .. Flags(world.Text, world.Run), "--nodes", "1", "--set", "reports.picture=off", "--set", "generation.tokens=1"]);
        Assert.True(ended.Code == ExitCodes.Ok, ended.Error);
        Undisturbed = new RunRecord(world.Run);
    }

    /// <summary>Connection string of a new, empty database.</summary>
    internal async Task<string> DatabaseAsync()
    {
        string name = $"moe_{Guid.NewGuid():N}";
        await postgres!.ExecuteAsync($"create database {name}");
        return new NpgsqlConnectionStringBuilder(postgres.ConnectionString) { Database = name }.ConnectionString;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (world is not null)
        {
            await world.DisposeAsync();
        }

        if (postgres is not null)
        {
            await postgres.DisposeAsync();
        }

        if (ours)
        {
            await EngScript.RunAsync("container-image.sh", "--remove", Image);
            await EngScript.RunAsync("docker.sh", "stop");
        }
    }

    private async Task<string?> TryAsync(string script, params string[] arguments)
    {
        (int code, string output, string error) = await EngScript.RunAsync(script, arguments);
        if (code == 0)
        {
            return output.Trim();
        }

        Missing = error.Trim().Split('\n')[^1];
        return null;
    }
}

/// <summary>One after the other: each of these tests has a cluster of its own.</summary>
[CollectionDefinition(Name)]
public sealed class ContainerTests : ICollectionFixture<ContainerEngine>
{
    /// <summary>Its name.</summary>
    internal const string Name = "containers";
}
