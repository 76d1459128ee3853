using Akka.Actor;
using Akka.Event;

using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Diagnostics;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.Training;

namespace MoeActors.Actors.Node;

/// <summary>
/// /user/node: guardian of this process. Says hello to whoever is coordinator until answered, hands the coordinator's orders to the
/// device, lets nothing older than the newest fencing token through, and ends the process when the device cannot be saved.
/// </summary>
internal sealed class NodeGuardian : ReceiveActor, IWithTimers
{
    private readonly NodeServices services;
    private readonly Action<int, string> exit;
    private readonly ILoggingAdapter log = Context.GetLogger();
    private readonly IActorRef device;
    private readonly OrderFence fence = new();
    private readonly IActorRef? faultAgent;
    private string? refusal;

    private sealed class SayHello
    {
        public static readonly SayHello Instance = new();
    }

    public NodeGuardian(NodeServices services, Action<int, string> exit, Props? faults)
    {
        (this.services, this.exit) = (services, exit);
        device = Context.ActorOf(Props.Create(() => new DeviceActor(services)).WithDispatcher(NodeServices.ComputeDispatcher), "device-0");
        faultAgent = faults is null ? null : Context.ActorOf(faults, "fault-agent");
        Receive<SayHello>(_ => services.CoordinatorProxy.Tell(new NodeHello(services.Identity), Self));
        Receive<HelloAnswer>(OnAnswer);
        Receive<PrepareEpoch>(OnPrepare);
        Receive<AskHoldings>(OnAskHoldings);
        Receive<GetReady>(m => fence.Admits(m.Fence), device.Forward);
        Receive<AbortEpoch>(Relay);
        Receive<StartSteps>(Relay);
        Receive<StepDecision>(Relay);
        Receive<EvaluateState>(Relay);
        Receive<EndRun>(Relay);
        Receive<EndNode>(m => fence.Admits(m.Fence), m => exit(NodeExit.ActorsFailed, m.Reason));
        Receive<AskPersisted>(m => services.Writer.Forward(m));
        Receive<AskProgress>(OnAskProgress);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() =>
        Timers.StartPeriodicTimer("hello", SayHello.Instance, TimeSpan.Zero, TimeSpan.FromMilliseconds(500));

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(
        maxNrOfRetries: 3,
        withinTimeRange: TimeSpan.FromMinutes(1),
        localOnlyDecider: reason =>
        {
            log.Error(reason, "the device supervisor failed");
            services.TellCoordinator(new NodeFault(0, services.Incarnation, "device-0", reason.Message));
            exit(NodeExit.DeviceFailed, $"the device supervisor failed: {reason.Message}");
            return Directive.Stop;
        });

    private void OnAnswer(HelloAnswer m)
    {
        if (m.Refusal is not null && m.Refusal != refusal)
        {
            refusal = m.Refusal;
            exit(NodeExit.Refused, m.Refusal);
        }
    }

    private void OnPrepare(PrepareEpoch m)
    {
        // EP-1: a coordinator that lost its office has an older token.
        if (!fence.Admits(m.Fence))
        {
            log.Warning("epoch {0} of an older coordinator (fence {1} < {2}) is ignored", m.Epoch, m.Fence, fence.Newest);
            return;
        }

        Context.System.EventStream.Publish(m);
        faultAgent?.Tell(m);
        LogContext.Set(m.Epoch, m.RestoreStep);
        device.Forward(m);
    }

    private void OnAskHoldings(AskHoldings m)
    {
        // EP-1: likewise. The answer must stay true, so nothing older than this coordinator changes state any more.
        if (fence.Admits(m.Fence))
        {
            device.Forward(m);
        }
    }

    // Not through the device, whose thread may be what hangs.
    private void OnAskProgress(AskProgress m)
    {
        double busy = ComputeThreadWatchdog.ThreadOf(Context.System).Busy.TotalMilliseconds;
        services.TellCoordinator(new NodeProgress(m.Epoch, m.Step, services.Incarnation, busy, services.Flight.Now.ToString().ToLowerInvariant(), services.Flight.Moves));
    }

    private void Relay(object message)
    {
        faultAgent?.Tell(message);
        device.Forward(message);
    }
}
