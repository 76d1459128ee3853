using Akka.Actor;

using MoeActors.Actors.Cluster;
using MoeActors.Actors.Exchange;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Models;
using MoeActors.Compute.Routing;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>Several nodes in one process: real actor systems, real sockets, real files; each has its own folder of sockets and shares the run's.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private readonly List<NodeProcess> nodes = [];

    public TestCluster()
    {
        Folder = Directory.CreateTempSubdirectory("moe-cluster-").FullName;
    }

    public string Folder { get; }

    public string RunFolder => Path.Combine(Folder, "run");

    public RecordedRun Run { get; private set; } = new();

    public IReadOnlyList<NodeProcess> Nodes => nodes;

    public ILinkFaults? LinkFaults { get; init; }

    public Action<int, long, int, ChunkKey>? Trace { get; init; }

    public async Task<NodeProcess> AddNodeAsync(string name)
    {
        NodeProcess node = await NodeProcess.StartAsync(
            new NodeOptions
            {
                Name = name,
                DataFolder = Folder,
                Join = nodes.Count == 0 ? [] : [nodes[0].Address],
                Exchange = new ExchangeOptions { Folder = Path.Combine(Folder, "s") },
                Journal = new JournalOptions("sqlite", JournalSettings.Embedded(Folder)),
                Recorder = _ => Run,
                Logging = Environment.GetEnvironmentVariable("MOE_TEST_LOG") is null
                    ? Akka.Configuration.Config.Empty
                    : Akka.Configuration.ConfigurationFactory.ParseString("akka.loggers = [\"Akka.Event.DefaultLogger\"]"),
                LinkFaults = LinkFaults,
                Trace = Trace,
            },
            TestContext.Current.CancellationToken);
        nodes.Add(node);
        return node;
    }

    public async Task<string> TrainAsync(RunSpec spec, bool resume = false)
    {
        Run = new RecordedRun { OnStep = Run.OnStep };
        IActorRef gateway = await nodes[0].System.ActorSelection("/user/gateway").ResolveOne(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
        SubmitAnswer answer = await gateway.Ask<SubmitAnswer>(
            new SubmitRun(spec.ToJson(), RunFolder, resume, "test"), TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
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

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(nodes.Select(n => n.DisposeAsync().AsTask()));
        Directory.Delete(Folder, recursive: true);
    }
}
