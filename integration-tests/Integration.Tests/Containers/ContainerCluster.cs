using System.Globalization;
using System.Threading.Channels;

using Docker.DotNet.Models;

using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Containers;
using DotNet.Testcontainers.Images;
using DotNet.Testcontainers.Networks;

using Microsoft.Extensions.Logging.Abstractions;

using MoeActors.Actors.ControlPlane;
using MoeActors.Actors.Tests.ControlPlane;
using MoeActors.Host.Commands;
using MoeActors.Host.Reports;
using MoeActors.Host.Reports.Html;
using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Integration.Tests.Containers;

/// <summary>
/// A cluster of containers with a network and a database of its own; all of them see one folder of this machine as /shared, as machines see shared storage.
/// Each node reads its settings from a file there. Nothing of it is left behind.
/// </summary>
internal sealed class ContainerCluster : IAsyncDisposable
{
    private static int networks = Environment.ProcessId;
    private readonly ContainerEngine engine;
    private readonly List<ContainerNode> nodes = [];
    private readonly string id = Guid.NewGuid().ToString("N")[..8];
    private readonly TestAuthority authority = new("tests");
    private INetwork network = null!;
    private string subnet = "", database = "";

    private ContainerCluster(ContainerEngine engine) => this.engine = engine;

    /// <summary>The nodes; the first one began the cluster and holds the coordinator.</summary>
    public IReadOnlyList<ContainerNode> Nodes => nodes;

    /// <summary>/shared, as this machine sees it.</summary>
    public string Shared { get; } = Directory.CreateTempSubdirectory("moe-c-").FullName;

    /// <summary>The run's folder, as containers see it.</summary>
    public string Run { get; init; } = "/shared/run";

    /// <summary>How long a lost node is waited for.</summary>
    public string Grace { get; init; } = "1 s";

    /// <summary>What each message of the data plane may be late by: how long a run takes.</summary>
    public string Delay { get; init; } = "10 ms";

    /// <summary>Whether the nodes prove themselves by certificates of an authority, each for its own address; else by their secret.</summary>
    public bool Certificates { get; init; }

    /// <summary>Changes a container before it is made.</summary>
    public Action<string, CreateContainerParameters> Modify { get; init; } = static (_, _) => { };

    /// <summary>Starts nodes; the test is skipped where no engine is.</summary>
    public static async Task<ContainerCluster> StartAsync(
        ContainerEngine engine, int count, string grace = "1 s", string run = "/shared/run", string delay = "10 ms", Action<string, CreateContainerParameters>? modify = null,
        bool certificates = false)
    {
        Assert.SkipWhen(engine.Missing is not null, engine.Missing ?? "");
        var cluster = new ContainerCluster(engine) { Grace = grace, Run = run, Delay = delay, Modify = modify ?? (static (_, _) => { }), Certificates = certificates };
        try
        {
            await cluster.StartAsync(count);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>A command of the product in a node's container.</summary>
    public static async Task<ExecResult> MoeAsync(ContainerNode node, params string[] command) => await node.Container.ExecAsync(
        ["dotnet", ContainerNode.Program, .. command], TestContext.Current.CancellationToken);

    /// <summary>Waits until the run knows that a node is lost.</summary>
    public Task LostAsync(ContainerNode node) => SaysAsync($"{node.Name} is lost");

    /// <summary>Waits for a line in a node's log, wherever the run's own files are.</summary>
    public Task LoggedAsync(ContainerNode node, string part) => FoundAsync(
        () =>
        {
            string log = Path.Combine(Shared, node.Name, "logs", $"{node.Name}.log");
            if (!File.Exists(log))
            {
                return null;
            }

            using var reader = new StreamReader(new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
            return reader.ReadToEnd().Contains(part, StringComparison.Ordinal) ? part : null;
        },
        $"'{part}' in the log of {node.Name}");

    /// <summary>Submits the run that all these tests disturb, to all nodes or so many, and waits until it is well under way.</summary>
    public async Task RunningAsync(int? nodes = null)
    {
        // The command's own process takes a while to end, and the run does not wait for it.
        Task submitted = SubmitAsync(nodes);
        Task under = SaysAsync("checkpoint 8 published");
        if (await Task.WhenAny(submitted, under) == submitted)
        {
            await submitted;
        }

        await under;
    }

    /// <summary>Submits it, and waits for the command's end.</summary>
    public async Task SubmitAsync(int? nodes = null)
    {
        ContainerNode first = Nodes[0];
        ExecResult started = await MoeAsync(
            first, ["run", "start", "--cluster", $"{first.Address}:7100", "--config", $"/shared/{first.Name}.conf", "--nodes", $"{nodes ?? Nodes.Count}", .. ContainerEngine.Flags("/shared/text.txt", Run)]);
        Assert.True(started.ExitCode == ExitCodes.Ok, started.Stderr);
    }

    /// <summary>The first event of the run, past or to come, that <paramref name="wanted"/> accepts.</summary>
    public Task<RunEvent> SaysAsync(Func<RunEvent, bool> wanted, string description) =>
        FoundAsync(() => EventsLog.Read(Path.Combine(Shared, "run", EventsLog.FileName)).All.FirstOrDefault(wanted), description);

    /// <summary>The first event whose message holds <paramref name="part"/>.</summary>
    public Task<RunEvent> SaysAsync(string part) => SaysAsync(e => e.Message?.Contains(part, StringComparison.Ordinal) == true, $"'{part}'");

    /// <summary>The first epoch, past or to come, that <paramref name="wanted"/> accepts.</summary>
    public Task<EpochOf> EpochAsync(Func<EpochOf, bool> wanted, string description) => FoundAsync(
        () => EventsLog.Read(Path.Combine(Shared, "run", EventsLog.FileName)).All.Where(e => e.Type == "epoch")
            .Select(e => System.Text.Json.JsonSerializer.Deserialize<EpochOf>(e.Message!, System.Text.Json.JsonSerializerOptions.Web)!).FirstOrDefault(wanted),
        description);

    /// <summary>The run's record, once it has ended.</summary>
    public async Task<RunRecord> RecordAsync()
    {
        string folder = Path.Combine(Shared, "run");
        await SaysAsync(e => e.Type == "ended", "that the run has ended");
        await FoundAsync(() => File.Exists(Path.Combine(folder, ReportWriter.JsonName)) ? "" : null, "the report");
        return new RunRecord(folder);
    }

    /// <summary>Looks each time a file below /shared changes, until there is something to find.</summary>
    public async Task<T> FoundAsync<T>(Func<T?> look, string description)
        where T : class
    {
        var changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        using var watcher = new FileSystemWatcher(Shared) { IncludeSubdirectories = true, InternalBufferSize = 1 << 16 };
        watcher.Changed += (_, _) => changed.Writer.TryWrite(true);
        watcher.Created += (_, _) => changed.Writer.TryWrite(true);
        watcher.Renamed += (_, _) => changed.Writer.TryWrite(true);
        watcher.Error += (_, _) => changed.Writer.TryWrite(true);
        watcher.EnableRaisingEvents = true;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(MoeProcess.Patience);
        try
        {
            while (true)
            {
                if (look() is { } found)
                {
                    return found;
                }

                await changed.Reader.ReadAsync(patience.Token);
            }
        }
        catch (OperationCanceledException)
        {
            string[] logs = await Task.WhenAll(nodes.Select(n => n.LogsAsync()));
            string events = string.Join('\n', EventsLog.Read(Path.Combine(Shared, "run", EventsLog.FileName)).All.Select(e => $"{e.At:HH:mm:ss.fff} {e.Type} {e.Message}"));
            throw new TimeoutException($"there never was {description}:\n{events}\n{string.Join("\n---\n", logs)}");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        authority.Dispose();
        await Task.WhenAll(nodes.Select(n => n.Container.DisposeAsync().AsTask()));
        if (network is not null)
        {
            await network.DisposeAsync();
        }

        if (Environment.GetEnvironmentVariable("MOE_TEST_KEEP") != "1")
        {
            Directory.Delete(Shared, recursive: true);
        }
    }

    private async Task StartAsync(int count)
    {
        File.Copy(engine.Text, Path.Combine(Shared, "text.txt"));
        database = await engine.DatabaseAsync();
        network = await NetworkAsync();
        for (int i = 1; i <= count; i++)
        {
            nodes.Add(Make($"node-{i}", $"{subnet}.{10 + i}"));
        }

        Configure(nodes[0], []);
        await nodes[0].Container.StartAsync(TestContext.Current.CancellationToken);

        // From now on the first node, too, joins the others when it comes back.
        nodes.ForEach(n => Configure(n, nodes.Where(o => o != n)));
        await Task.WhenAll(nodes.Skip(1).Select(n => n.Container.StartAsync(TestContext.Current.CancellationToken)));
    }

    /// <summary>A subnet that is free: addresses must stay the same when a container comes back.</summary>
    private async Task<INetwork> NetworkAsync()
    {
        for (int attempt = 0; ; attempt++)
        {
            subnet = $"10.231.{Interlocked.Increment(ref networks) % 250}";
            INetwork made = new NetworkBuilder().WithLogger(NullLogger.Instance).WithName($"moe-{id}-{attempt}").WithCreateParameterModifier(
                p => p.IPAM = new IPAM { Config = [new IPAMConfig { Subnet = $"{subnet}.0/24" }] }).Build();
            try
            {
                await made.CreateAsync(TestContext.Current.CancellationToken);
                return made;
            }
            catch (Docker.DotNet.DockerApiException e) when (attempt < 20 && e.Message.Contains("overlap", StringComparison.OrdinalIgnoreCase))
            {
                // Another network of this machine has it.
            }
        }
    }

    private ContainerNode Make(string name, string address) => new(name, address, network.Name, new ContainerBuilder(engine.Image)
        .WithLogger(NullLogger.Instance)
        .WithImagePullPolicy(PullPolicy.Never)
        .WithName($"moe-{id}-{name}")
        .WithHostname(name)
        .WithNetwork(network)
        .WithBindMount(Shared, "/shared")
        .WithCommand("node", "--config", $"/shared/{name}.conf")
        .WithCreateParameterModifier(p =>
        {
            // Files below /shared belong to whoever runs the tests.
            p.User = string.Create(CultureInfo.InvariantCulture, $"{User.Id}:{User.Group}");
            p.HostConfig!.CapAdd = ["NET_ADMIN"];
            p.NetworkingConfig!.EndpointsConfig!.Values.Single().IPAMConfig = new EndpointIPAMConfig { IPv4Address = address };
            Modify(name, p);
        })
        .WithWaitStrategy(Wait.ForUnixContainer().UntilMessageIsLogged("\"event\":\"listening\""))
        .Build());

    private void Configure(ContainerNode node, IEnumerable<ContainerNode> join) => File.WriteAllText(Path.Combine(Shared, $"{node.Name}.conf"), $$"""
        node.name = {{node.Name}}
        node.data-dir = "/shared/{{node.Name}}"
        cluster.host = "{{node.Address}}"
        cluster.port = 7100
        cluster.join = [{{string.Join(", ", join.Select(j => $"\"{j.Address}:7100\""))}}]
        cluster.secret = hush-21-hush-21-hush
        persistence.provider = postgresql
        persistence.connection-string = "{{database}}"
        persistence.shared-storage = on
        recovery.grace = {{Grace}}
        resources.disk-reserve = 4 MiB
        # Messages that take their time: a run is long enough to be hit in its middle, and what arrives first changes all the time.
        faults.enabled = on
        faults.random-delay = {{Delay}}
        {{Tls(node)}}
        """);

    private string Tls(ContainerNode node)
    {
        if (!Certificates)
        {
            return "";
        }

        string name = $"{node.Name}.p12";
        ControlTls tls = authority.Issue(Shared, name, node.Address);
        return $$"""
            cluster.tls {
              enabled = on
              certificate = "/shared/{{name}}"
              password = "{{tls.Password}}"
              authority = "/shared/{{Path.GetFileName(tls.AuthorityFile)}}"
            }
            """;
    }
}
