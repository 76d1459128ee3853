using Akka.Actor;
using Akka.TestKit;
using Akka.TestKit.Xunit;

using MoeActors.Actors.Diagnostics;
using MoeActors.Actors.Exchange;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.State;
using MoeActors.Actors.Tests.Cluster;
using MoeActors.Actors.Training;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;

using static TorchSharp.torch;

namespace MoeActors.Actors.Tests.Training;

/// <summary>
/// EP-1 on one device: what still lies in an actor's mailbox when the device ends the epoch changes nothing, although the actor has not
/// been told yet. Here the shard never is.
/// </summary>
public sealed class EpochGateTests : TestKit
{
    private const int Epoch = 7;
    private readonly string folder = Directory.CreateTempSubdirectory("moe-gate-").FullName;
    private readonly EpochGate gate = new();
    private readonly RunSpec spec;
    private readonly DeviceStore store;
    private readonly ExpertUnit unit;
    private readonly FlightRecorder flight;
    private readonly TestProbe device;
    private readonly IActorRef shard;

    public EpochGateTests()
        : base(TestPatience.Settings)
    {
        RunSpec run = Specs.Run(nodes: 1);
        spec = run with { Layout = run.Layout with { Ranks = 1, ExpertParallel = 1 } };
        store = new DeviceStore(spec, CPU);
        store.Hold([0], []);
        store.IsAt(0);
        unit = (ExpertUnit)store[UnitId.Experts(spec.Model.MoeLayers()[0], 0, 0)];
        unit.Optimizer.Master.Fill(1);
        unit.Optimizer.Seal();
        flight = new FlightRecorder(Path.Combine(folder, "flight"), KillPlan.None);
        device = CreateTestProbe();
        shard = device.ChildActorOf(Props.Create(() => new ExpertShardActor(0, 0, new DeviceServices(new NoExchange(), flight, new LaneClock(TimeProvider.System), gate, (_, _, _, _) => 0, null))));
        device.ExpectMsg<ActorCreated>(cancellationToken: TestContext.Current.CancellationToken);
        gate.Open(Epoch);
        NodeIdentity node = Nodes.Of(0);
        shard.Tell(new AttachShard(new EpochContext(new PrepareEpoch(1, Epoch, "", "", [node], [0], 0, 1, [], [], null, null, []), spec, 0), unit));
    }

    [Fact]
    public void A_decision_that_finds_the_gate_open_is_applied()
    {
        Reduce();
        shard.Tell(Decision());
        Assert.Equal(0, device.ExpectMsg<UnitUpdated>(cancellationToken: TestContext.Current.CancellationToken).Step);
        Assert.NotEqual(1f, unit.Optimizer.Master.min().item<float>());
        Assert.Equal(1, unit.Steps[0]);
    }

    [Fact]
    public void A_decision_that_finds_the_gate_closed_changes_nothing()
    {
        Reduce();
        gate.Close();
        shard.Tell(Decision());
        Settle();
        Assert.Equal(1f, unit.Optimizer.Master.min().item<float>());
        Assert.Equal(0, unit.Steps[0]);
    }

    [Fact]
    public void A_decision_of_the_epoch_before_changes_nothing_when_the_gate_is_open_for_the_next()
    {
        Reduce();
        gate.Open(Epoch + 1);
        shard.Tell(Decision());
        Settle();
        Assert.Equal(1f, unit.Optimizer.Master.min().item<float>());
    }

    [Fact]
    public void A_gradient_that_finds_the_gate_closed_is_never_reduced()
    {
        shard.Tell(Chunk(Purpose.Dispatch));
        Settle();
        gate.Close();
        shard.Tell(Chunk(Purpose.CombineGradient));

        // The second time: work that the gradient began would have queued behind the first question.
        Settle();
        Settle();
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        flight.Dispose();
        store.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Brings the shard to where only the decision is missing.</summary>
    private void Reduce()
    {
        shard.Tell(Chunk(Purpose.Dispatch));
        shard.Tell(Chunk(Purpose.CombineGradient));
        Assert.Equal(0, device.ExpectMsg<UnitReduced>(cancellationToken: TestContext.Current.CancellationToken).Step);
    }

    /// <summary>Everything told so far has been handled, and nothing came of it.</summary>
    private void Settle()
    {
        shard.Tell(new Identify(null), device);
        Assert.Equal(shard, device.ExpectMsg<ActorIdentity>(cancellationToken: TestContext.Current.CancellationToken).Subject);
    }

    private static ApplyDecision Decision() => new(new StepDecision(Epoch, 0, false, 1, 0.1, null, AfterStep.Continue, 0), null);

    private static Ticket Chunk(Purpose purpose) => new(
        new FrameHeader
        {
            Purpose = purpose,
            Epoch = Epoch,
            Step = 0,
            Source = new Endpoint(EndpointKind.Rank, 0, 0).Packed,
            Destination = new Endpoint(EndpointKind.ExpertShard, 0, 0).Packed,
            ChunkCount = 1,
        },
        [],
        null);

    private sealed class NoExchange : IExchange
    {
        public event Action<PeerLost>? PeerFailed
        {
            add { }
            remove { }
        }

        public string LocalAddress => "";

        public ExchangeStatistics Statistics => new();

        public void BeginEpoch(ExchangeTable table)
        {
        }

        public Task ConnectAsync(CancellationToken ct) => Task.CompletedTask;

        public void Register(Endpoint endpoint, IActorRef actor)
        {
        }

        public void Unregister(Endpoint endpoint)
        {
        }

        public void Send(in FrameHeader header, int[] meta, Tensor? payload) => payload?.Dispose();

        public void Dispose()
        {
        }
    }
}
