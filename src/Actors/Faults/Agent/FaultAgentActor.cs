using System.Diagnostics;

using Akka.Actor;
using Akka.Event;

using MoeActors.Actors.Protocol;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Faults.Agent;

/// <summary>
/// /user/node/fault-agent: carries out injected faults on its node and looks at those of others. Refuses unless faults.enabled = on (AD-1). What lasts is ended by its own clock,
/// so that a fault never outlives its time because a message was lost.
/// </summary>
internal sealed class FaultAgentActor : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan TellPause = TimeSpan.FromMilliseconds(500);
    private const int TellTimes = 60;

    private readonly AgentServices services;
    private readonly IReadOnlyDictionary<string, FaultInjector> injectors;
    private readonly Dictionary<string, (FaultWatcher Watcher, long Since, TimeSpan Patience)> watches = [];
    private readonly HashSet<string> begun = [];
    private readonly ILoggingAdapter log = Context.GetLogger();

    private sealed record Look(string Id);

    private sealed record TellAgain(FaultObserved Observed, int Left);

    public FaultAgentActor(AgentServices services, IReadOnlyDictionary<string, FaultInjector> injectors)
    {
        (this.services, this.injectors) = (services, injectors);
        Receive<CarryOutFault>(m => OnCarryOut(m.Order));
        Receive<EndFault>(m => OnEnd(m.Order));
        Receive<ProbeFault>(OnProbe);
        Receive<ObserveFault>(OnObserve);
        Receive<Look>(m => OnLook(m.Id));
        Receive<TellAgain>(OnTell);
        Receive<PrepareEpoch>(m =>
        {
            Learn(m.Nodes);
            services.Run.Spec = RunSpec.FromJson(m.SpecJson);
            Hear(m);
        });
        ReceiveAny(Hear);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PostStop()
    {
        foreach ((FaultWatcher watcher, _, _) in watches.Values)
        {
            watcher.Dispose();
        }
    }

    private string Name => services.Identity.Name;

    private void Hear(object message)
    {
        foreach ((FaultWatcher watcher, _, _) in watches.Values)
        {
            watcher.Hear(message);
        }
    }

    private void OnCarryOut(FaultOrder order)
    {
        string? refusal = Refusal(order);
        if (refusal is not null)
        {
            services.Admin.Tell(new FaultCarriedOut(order.Id, Name, refusal, ""));
            return;
        }

        // At most once: an order that comes again changes nothing.
        if (!begun.Add(order.Id))
        {
            return;
        }

        try
        {
            Learn(order.Nodes);
            log.Warning("carries out {0}: {1} {2}", order.Id, order.Kind, string.Join(' ', order.Parameters));
            string detail = injectors[order.Kind].Begin(order);
            services.Admin.Tell(new FaultCarriedOut(order.Id, Name, null, detail));
            if (order.ForMs > 0)
            {
                Timers.StartSingleTimer($"end-{order.Id}", new EndFault(order), order.Duration());
            }
        }
        catch (Exception e) when (e is FaultRefusedException or IOException or UnauthorizedAccessException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            services.Admin.Tell(new FaultCarriedOut(order.Id, Name, e.Message, ""));
        }
    }

    private void Learn(IEnumerable<NodeIdentity> nodes) => services.Links.Learn(nodes.Select(n => (n.Incarnation, n.Name)));

    private string? Refusal(FaultOrder order) =>
        !services.Limits.Enabled ? "fault injection is off on this node (faults.enabled)"
        : order.Nodes[0].Incarnation != services.Identity.Incarnation ? "the order is for another process of this node"
        : order.Duration() > services.Limits.MaxDuration ? $"longer than faults.max-duration = {services.Limits.MaxDuration.TotalSeconds:0.###} s"
        : injectors.ContainsKey(order.Kind) ? null : $"this node does not know the kind {order.Kind}";

    private void OnEnd(FaultOrder order)
    {
        Timers.Cancel($"end-{order.Id}");
        Timers.Cancel($"tell-{order.Id}");
        StopWatching(order.Id);
        if (begun.Contains(order.Id))
        {
            injectors[order.Kind].End(order);
        }
        else if (order.Nodes[0].Host == services.Identity.Host && order.Nodes[0].Incarnation != services.Identity.Incarnation)
        {
            // The target may be unable to hear that it is over.
            ProcessSignals.Continue(order.Nodes[0]);
        }
    }

    private void OnProbe(ProbeFault m)
    {
        (bool holds, string text) = begun.Contains(m.Order.Id) ? injectors[m.Order.Kind].Probe(m.Order) : (false, "it has not begun here");
        Sender.Tell(new FaultProbed(m.Order.Id, holds, text, begun.Contains(m.Order.Id) ? injectors[m.Order.Kind].HappenedIn(m.Order) : -1));
    }

    private void OnObserve(ObserveFault m)
    {
        if (!services.Limits.Enabled)
        {
            return;
        }

        // Asked again where the answer was lost.
        if (!watches.ContainsKey(m.Order.Id))
        {
            watches[m.Order.Id] = (FaultWatchers.Of(m.Order, services, Self), Stopwatch.GetTimestamp(), TimeSpan.FromMilliseconds(m.PatienceMs));
            Timers.StartPeriodicTimer($"look-{m.Order.Id}", new Look(m.Order.Id), LookAgain);
        }

        services.Admin.Tell(new FaultWatched(m.Order.Id, Name));
    }

    private void OnLook(string id)
    {
        if (!watches.TryGetValue(id, out (FaultWatcher Watcher, long Since, TimeSpan Patience) watch))
        {
            return;
        }

        (bool seen, string text) = watch.Watcher.Look();
        if (seen || Stopwatch.GetElapsedTime(watch.Since) > watch.Patience)
        {
            StopWatching(id);
            OnTell(new TellAgain(new FaultObserved(id, Name, seen, text), TellTimes));
        }
    }

    /// <summary>Said for half a minute: the admin may have gone with the very node that was hit, and the one after it has to hear it. It counts once.</summary>
    private void OnTell(TellAgain m)
    {
        services.Admin.Tell(m.Observed);
        if (m.Left > 0)
        {
            Timers.StartSingleTimer($"tell-{m.Observed.Id}", m with { Left = m.Left - 1 }, TellPause);
        }
    }

    private void StopWatching(string id)
    {
        Timers.Cancel($"look-{id}");
        if (watches.Remove(id, out (FaultWatcher Watcher, long Since, TimeSpan Patience) watch))
        {
            watch.Watcher.Dispose();
        }
    }
}
