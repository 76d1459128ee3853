using MoeActors.Actors.Protocol;

using Effect = MoeActors.Actors.Faults.Admin.AdminEffect;
using Input = MoeActors.Actors.Faults.Admin.AdminInput;

namespace MoeActors.Actors.Faults.Admin;

/// <summary>
/// PURE: the admin as step(state, input) → (state, effects). AD-1: nothing is carried out before its intent is in the journal and the audit, before an observer looks,
/// beyond the limits, or twice; what no other node sees in time has failed, and says so.
/// </summary>
internal static class AdminMachine
{
    /// <summary>How long an observer may take to answer that it looks.</summary>
    private const long ArmingMs = 5_000;

    /// <summary>When it is asked again: control messages travel at most once, and to a node that has just come or a connection that broke not at all.</summary>
    private const long AskAgainMs = 500;

    /// <summary>What an observer's last word may be late by: the admin may have to move to another node first.</summary>
    private const long LateMs = 30_000;

    /// <summary>How long the target of a fault that is due may be absent.</summary>
    private const long AbsentMs = 30_000;

    private const int KeptFaults = 1_000;

    /// <summary>Reacts to one input.</summary>
    public static (AdminState State, IReadOnlyList<Effect> Effects) Step(AdminState state, Input input)
    {
        var effects = new List<Effect>();
        AdminState next = input switch
        {
            Input.Asked e => OnAsked(state with { Cluster = e.Cluster }, e, effects),
            Input.CancelAsked e => OnCancel(state, e, effects),
            Input.Tick e => OnTick(state with { Cluster = e.Cluster }, e.Now, effects),
            Input.Watched e => In(state, e.Message.Id, FaultState.Arming) is { } fault ? Begin(state, fault, e.Now, effects) : state,
            Input.CarriedOut e => In(state, e.Message.Id, FaultState.Begun) is { } fault && e.Message.Error is { } error
                ? Fail(state, fault, e.Now, $"{e.Message.Node} refused: {error}", effects)
                : state,
            Input.Observed e => In(state, e.Message.Id, FaultState.Begun) is { } fault ? OnObserved(state, fault, e, effects) : state,
            Input.AuditFailed e => state.Faults.Values.FirstOrDefault(f => f.Id == e.Id && !f.IsDone) is { } fault
                ? Fail(state, fault, e.Now, $"its audit cannot be written: {e.Reason}", effects)
                : state,
            _ => throw new ArgumentOutOfRangeException(nameof(input)),
        };
        return (next, effects);
    }

    /// <summary>State of a fault as the journal has it.</summary>
    public static AdminState Replay(AdminState state, AdminFault fault) => state with { Faults = state.Faults.SetItem(fault.Number, fault) };

    private static AdminState OnAsked(AdminState state, Input.Asked e, List<Effect> effects)
    {
        if (e.Message.Request.Length > 0 && state.Faults.Values.FirstOrDefault(f => f.Request == e.Message.Request) is { } before)
        {
            effects.Add(new Effect.Answer(Accepted(before)));
            return state;
        }

        (FaultKind? kind, IReadOnlyList<string> parameters, string reason) = FaultRules.Check(e.Message, state.Cluster, state.Limits, state.Active, state.Scheduled);
        var fault = new AdminFault(
            (state.Faults.IsEmpty ? state.Before : state.Faults.Keys.Last()) + 1, e.Message.Kind, e.Message.Target, parameters, e.Message.AfterStep, e.Now + e.Message.AfterMs, e.Message.ForMs, e.Message.By)
        {
            Since = e.Now,
            Request = e.Message.Request,
        };
        if (kind is null)
        {
            effects.Add(new Effect.Answer(new FaultAnswer(false, "", reason)));
            return state;
        }

        if (e.Message.DryRun)
        {
            (ResolvedTarget? target, _) = FaultTarget.Resolve(kind, e.Message.Target, state.Cluster);
            string observer = FaultObservers.Choose(kind, target!, state.Cluster)!.Name;
            effects.Add(new Effect.Answer(new FaultAnswer(true, "", $"would inject {kind.Name} on {Places(target!)}{When(fault)}: {kind.Meaning}; {observer} would look whether it took")));
            return state;
        }

        AdminState next = Set(Trim(state), fault, "accepted", effects);
        effects.Add(new Effect.Answer(Accepted(fault)));
        return Arm(next, e.Now, effects);
    }

    private static AdminState OnCancel(AdminState state, Input.CancelAsked e, List<Effect> effects)
    {
        AdminFault? fault = state.Faults.Values.FirstOrDefault(f => f.Id == e.Message.Id);
        if (fault is null || fault.IsDone)
        {
            effects.Add(new Effect.Answer(new FaultAnswer(
                false, e.Message.Id, fault is null ? $"there is no fault {e.Message.Id}" : $"{fault.Id} is {fault.State.ToString().ToLowerInvariant()}: nothing is left to take back")));
            return state;
        }

        AdminState next = Set(state, fault with { State = FaultState.Cancelled, Since = e.Now, Outcome = $"cancelled by {e.Message.By}" }, "cancelled", effects);
        EndEverywhere(fault, effects);
        effects.Add(new Effect.Note($"injected {fault.Id} ({fault.Kind} on {fault.Target}) is cancelled"));
        effects.Add(new Effect.Answer(new FaultAnswer(true, fault.Id, $"{fault.Id} is cancelled")));
        return next;
    }

    private static AdminState OnTick(AdminState state, long now, List<Effect> effects)
    {
        AdminState next = state;
        foreach (AdminFault fault in state.Faults.Values.Where(f => !f.IsDone))
        {
            next = fault.State switch
            {
                FaultState.Scheduled when fault.AfterStep >= 0 && !next.Cluster.Running => Fail(next, fault, now, $"the run ended before step {fault.AfterStep}", effects),
                FaultState.Arming when now - fault.Since > ArmingMs => Fail(next, fault, now, $"{fault.Observer!.Name} did not answer that it looks", effects),
                FaultState.Begun when now - fault.Since > Patience(fault) + LateMs =>
                    Fail(next, fault, now, $"{fault.Observer!.Name} never said whether it took", effects),
                FaultState.Observed when now - fault.BegunAt >= fault.ForMs => End(next, fault, now, effects),
                _ => next,
            };
        }

        foreach (AdminFault fault in next.Faults.Values.Where(f => f.State == FaultState.Arming && (now - f.Since) / AskAgainMs > (Math.Max(state.LastTick, f.Since) - f.Since) / AskAgainMs))
        {
            effects.Add(new Effect.Tell(fault.Observer!, new ObserveFault(fault.Order!, Patience(fault))));
        }

        return Arm(next with { LastTick = now }, now, effects);
    }

    /// <summary>Whatever is due begins, as far as the limit allows; the rest waits for a place.</summary>
    private static AdminState Arm(AdminState state, long now, List<Effect> effects)
    {
        AdminState next = state;
        foreach (AdminFault fault in state.Faults.Values.Where(f => f.State == FaultState.Scheduled && f.DueAt <= now && (f.AfterStep < 0 || f.AfterStep <= state.Cluster.Step)))
        {
            if (next.Active >= next.Limits.MaxActive)
            {
                break;
            }

            FaultKind kind = FaultKinds.Find(fault.Kind)!;
            Topology there = Staying(next);
            (ResolvedTarget? target, string reason) = FaultTarget.Resolve(kind, fault.Target, there);
            NodeIdentity? observer = target is null ? null : FaultObservers.Choose(kind, target, there);
            if (target is null || observer is null)
            {
                // A node that is being started again, a coordinator that has just taken office: they are waited for, not for ever.
                long since = fault.AwaitedSince == 0 ? now : fault.AwaitedSince;
                next = now - since > AbsentMs
                    ? Fail(next, fault, now, target is null ? reason : "no node but the target is there to see whether it takes", effects)
                    : Replay(next, fault with { AwaitedSince = since });
                continue;
            }

            var order = new FaultOrder(
                fault.Id, fault.Kind, fault.Parameters, fault.ForMs, target.Nodes, target.Actor, next.Cluster.RunFolder, next.Cluster.Epoch, next.Cluster.Fence);
            AdminFault armed = fault with { State = FaultState.Arming, Since = now, Order = order, Observer = observer, BothWays = target.BothWays };
            next = Set(next, armed, "intent", effects);
            effects.Add(new Effect.Tell(observer, new ObserveFault(order, Patience(armed))));
        }

        return next;
    }

    /// <summary>The cluster without processes that another fault ends, though they may still be seen: what such a one was told would be lost with it, and called a fault that did not take.</summary>
    private static Topology Staying(AdminState state)
    {
        HashSet<string> ending =
        [
            .. state.Faults.Values
                .Where(f => f.Order is not null && f.State is not (FaultState.Failed or FaultState.Cancelled) && FaultKinds.Find(f.Kind)!.EndsProcess)
                .Select(f => f.Order!.Nodes[0].Incarnation),
        ];
        return state.Cluster with { Nodes = [.. state.Cluster.Nodes.Where(n => !ending.Contains(n.Incarnation))] };
    }

    private static AdminState Begin(AdminState state, AdminFault fault, long now, List<Effect> effects)
    {
        FaultOrder order = fault.Order!;
        AdminState next = Set(state, fault with { State = FaultState.Begun, Since = now, BegunAt = now, AtStep = state.Cluster.Step }, "begun", effects);
        effects.Add(new Effect.Note($"injected {fault.Id}: {fault.Kind} on {fault.Target} (asked for by {fault.By}; {fault.Observer!.Name} looks)"));
        effects.Add(new Effect.Tell(order.Nodes[0], new CarryOutFault(order)));
        if (fault.BothWays)
        {
            effects.Add(new Effect.Tell(order.Nodes[1], new CarryOutFault(order with { Nodes = [.. order.Nodes.Reverse()] })));
        }

        return next;
    }

    private static AdminState OnObserved(AdminState state, AdminFault fault, Input.Observed e, List<Effect> effects)
    {
        if (!e.Message.Seen)
        {
            return Fail(state, fault, e.Now, $"it did not take: {e.Message.Text}", effects);
        }

        effects.Add(new Effect.Note($"injected {fault.Id}: {e.Message.Node} saw that {e.Message.Text}"));
        bool lasts = fault.ForMs > 0 && FaultKinds.Find(fault.Kind)!.Evidence != Evidence.Gone;
        return Set(
            state,
            fault with { State = lasts ? FaultState.Observed : FaultState.Over, Since = e.Now, Outcome = e.Message.Text, TookMs = e.Now - fault.BegunAt },
            "observed",
            effects);
    }

    private static AdminState End(AdminState state, AdminFault fault, long now, List<Effect> effects)
    {
        // Its agent ended it by its own clock; said again for one that could not.
        EndEverywhere(fault, effects);
        return Set(state, fault with { State = FaultState.Over, Since = now }, "over", effects);
    }

    private static AdminState Fail(AdminState state, AdminFault fault, long now, string reason, List<Effect> effects)
    {
        AdminState next = Set(state, fault with { State = FaultState.Failed, Since = now, Outcome = reason }, "failed", effects);
        EndEverywhere(fault, effects);
        effects.Add(new Effect.Note($"injected {fault.Id} ({fault.Kind} on {fault.Target}) FAILED: {reason}"));
        return next;
    }

    private static void EndEverywhere(AdminFault fault, List<Effect> effects)
    {
        if (fault.Order is not { } order)
        {
            return;
        }

        foreach (NodeIdentity node in order.Nodes.Append(fault.Observer!).DistinctBy(n => n.Incarnation))
        {
            effects.Add(new Effect.Tell(node, new EndFault(order)));
        }
    }

    private static AdminState Set(AdminState state, AdminFault fault, string what, List<Effect> effects)
    {
        effects.Add(new Effect.Journal(fault));
        effects.Add(new Effect.Audit(what, fault));
        return Replay(state, fault);
    }

    private static AdminState Trim(AdminState state) => state.Faults.Count < KeptFaults
        ? state
        : state with { Faults = state.Faults.RemoveRange(state.Faults.Values.Where(f => f.IsDone).Take(KeptFaults / 10).Select(f => f.Number)) };

    private static AdminFault? In(AdminState state, string id, FaultState wanted) => state.Faults.Values.FirstOrDefault(f => f.Id == id && f.State == wanted);

    private static long Patience(AdminFault fault) => (long)FaultKinds.Find(fault.Kind)!.Patience.TotalMilliseconds + fault.ForMs;

    private static string Places(ResolvedTarget target) =>
        target.Nodes.Count == 1
            ? target.Nodes[0].Name + (target.Actor.Length > 0 ? "/" + target.Actor : "")
            : $"{target.Nodes[0].Name} {(target.BothWays ? "<->" : "->")} {target.Nodes[1].Name}";

    private static FaultAnswer Accepted(AdminFault fault) => new(true, fault.Id, $"{fault.Id}: {fault.Kind} on {fault.Target}{When(fault)}");

    private static string When(AdminFault fault)
    {
        string length = fault.ForMs > 0 ? $" for {fault.ForMs / 1000.0:0.###} s" : "";
        return fault.AfterStep >= 0 ? $"{length} after step {fault.AfterStep}" : fault.DueAt > fault.Since ? $"{length} in {(fault.DueAt - fault.Since) / 1000.0:0.###} s" : length;
    }
}
