using Akka.Actor;

using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Exchange;
using MoeActors.Actors.Faults;
using MoeActors.Actors.Node;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Routing;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>Several nodes in one process: real actor systems, real sockets, real files; each has its own folder of sockets and shares the run's.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private volatile List<NodeProcess> nodes = [];
    private readonly bool ownsFolder;

    public TestCluster()
    {
        Folder = Directory.CreateTempSubdirectory("moe-cluster-").FullName;
        ownsFolder = true;
    }

    /// <summary>A cluster that goes on where another left <paramref name="folder"/>, which its owner deletes.</summary>
    public TestCluster(string folder) => Folder = folder;

    public string Folder { get; }

    public string RunFolder => Path.Combine(Folder, "run");

    public RecordedRun Run { get; private set; } = new();

    public IReadOnlyList<NodeProcess> Nodes => nodes;

    public ILinkFaults? LinkFaults { get; init; }

    public Action<int, long, int, ChunkKey>? Trace { get; init; }

    public Action<UnitId, long>? Updating { get; init; }

    public Action<UnitId, long>? Returning { get; init; }

    /// <summary>What its nodes prove to each other.</summary>
    public const string Secret = "a secret that all nodes know";

    public FaultLimits Faults { get; init; } = FaultLimits.Off;

    public static async Task<TestCluster> StartAsync(int count)
    {
        var cluster = new TestCluster();
        await cluster.AddNodesAsync(count);
        return cluster;
    }

    public async Task AddNodesAsync(int count)
    {
        for (int n = 0; n < count; n++)
        {
            await AddNodeAsync($"node-{n + 1}");
        }
    }

    public async Task<NodeProcess> AddNodeAsync(string name, Func<NodeOptions, NodeOptions>? configure = null)
    {
        var options = new NodeOptions
        {
            Name = name,
            DataFolder = Folder,
            Secret = Secret,
            Device = TorchSharp.torch.CPU,
            Join = nodes.Count == 0 ? [] : [nodes[0].Address],
            Exchange = new ExchangeOptions { Folder = Path.Combine(Folder, "s"), Secret = Secret },
            Journal = new JournalOptions("sqlite", JournalSettings.Embedded(Folder)),
            Recorder = _ => Run,
            Logging = Environment.GetEnvironmentVariable("MOE_TEST_LOG") is null
                ? Akka.Configuration.Config.Empty
                : Akka.Configuration.ConfigurationFactory.ParseString("akka.loggers = [\"Akka.Event.DefaultLogger\"]"),
            LinkFaults = LinkFaults,
            Trace = Trace,
            Updating = Updating,
            Returning = Returning,
            Faults = Faults,
        };
        NodeProcess node = await NodeProcess.StartAsync(configure?.Invoke(options) ?? options, TestContext.Current.CancellationToken);
        nodes = [.. nodes, node];
        return node;
    }

    public async Task<string> TrainAsync(RunSpec spec, bool resume = false, string? runFolder = null)
    {
        Run = new RecordedRun { OnStep = Run.OnStep, OnValidation = Run.OnValidation };
        IActorRef gateway = await nodes[0].System.ActorSelection("/user/gateway").ResolveOne(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
        SubmitAnswer answer = await gateway.Ask<SubmitAnswer>(
            new SubmitRun(spec.ToJson(), runFolder ?? RunFolder, resume, "test"), TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.True(answer.Accepted, answer.Message);
        try
        {
            return await Run.Ended.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"the run did not end; what it said:\n{string.Join('\n', Run.Notes)}");
        }
    }

    /// <summary>A node leaves for good, its memory with it.</summary>
    public async Task LoseAsync(int node)
    {
        NodeProcess gone = nodes[node];
        nodes = [.. nodes.Where(n => n != gone)];
        await gone.DisposeAsync();
    }

    /// <summary>A node has ended: another of its name takes its place.</summary>
    public async Task ReplaceAsync(NodeProcess gone)
    {
        nodes = [.. nodes.Where(n => n != gone)];
        await gone.DisposeAsync();
        await AddNodeAsync(gone.Identity.Name);
    }

    /// <summary>Asks the run to stop, as a client does: with a sender, without which the gateway takes nothing. May be called from a recorder's hook.</summary>
    public void Stop() => nodes[0].System.ActorSelection("/user/gateway").Tell(new StopRun("the test asked"), nodes[0].System.ActorOf(Props.Empty));

    /// <summary>Puts a message into the mailbox of an actor of the device, on whichever node it lives.</summary>
    public void TellDeviceActor(string name, object message)
    {
        foreach (NodeProcess node in nodes)
        {
            node.System.ActorSelection($"/user/node/device-0/{name}").Tell(message);
        }
    }

    /// <summary>Asks a node's gateway, as a client does.</summary>
    public Task<T> AskAsync<T>(IControlMessage message, int node = 0) =>
        nodes[node].System.ActorSelection("/user/gateway").Ask<T>(message, TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

    /// <summary>Waits until the coordinator knows so many nodes: one that has started still has to introduce itself.</summary>
    public async Task KnownAsync(int count)
    {
        while ((await AskAsync<RunStatus>(new StatusQuery(long.MaxValue))).NodesUp < count)
        {
        }
    }

    /// <summary>Waits until a checkpoint beyond the present step is published: the run goes on after whatever happened. A run stopped in the middle of a recovery would leave none.</summary>
    public async Task NextCheckpointAsync()
    {
        long at;
        lock (Run.Steps)
        {
            at = Run.Steps.Keys.Max();
        }

        while (!Run.Ended.IsCompleted && !Run.Checkpoints.Keys.Any(step => step > at))
        {
            await AskAsync<RunStatus>(new StatusQuery(long.MaxValue));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(nodes.Select(n => n.DisposeAsync().AsTask()));
        if (ownsFolder)
        {
            Directory.Delete(Folder, recursive: true);
        }
    }
}
