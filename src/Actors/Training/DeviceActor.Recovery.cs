using System.Diagnostics;

using Akka.Actor;
using Akka.Event;

using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Diagnostics;
using MoeActors.Actors.Exchange;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.Replication;
using MoeActors.Actors.State;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Training;

/// <summary>The device's part of a recovery: it says what it holds, brings it to the recovery point, and says when everything is there.</summary>
internal sealed partial class DeviceActor
{
    private readonly PeerCopies copies;
    private DecidedUpdate? lastDecided;
    private Preparation? preparation;

    /// <summary>How far the preparation of an epoch is.</summary>
    private sealed class Preparation
    {
        public required long Begun { get; init; }

        public double FetchMs { get; set; }

        public double RestoreMs { get; set; }

        public bool Live { get; set; }

        public bool Connected { get; set; }

        public bool Attached { get; set; }
    }

    /// <summary>The update of a copy failed in the middle; from the copies' thread.</summary>
    private sealed record CopyFailed(string Reason);

    private sealed record ReadyYet(int Epoch);

    /// <summary>Opens the run that this node takes no part in yet: an epoch that takes it in does not wait for that. One that takes part in the run is ready.</summary>
    private void OnGetReady(GetReady m)
    {
        (string? error, FailureCause cause) = (null, FailureCause.None);
        try
        {
            RunSpec spec = RunSpec.FromJson(m.SpecJson);
            if (store is null || Lineageless(store.Spec, spec))
            {
                // The coordinator in charge has one run: whatever was before is over.
                Quiesce("another run is opened");
                context = null;
                OpenRun(spec);
            }
        }
        catch (Exception e) when (IsForPeople(e))
        {
            (error, cause) = (e.Message, FailureCauses.Of(e));
        }

        node.TellCoordinator(new NodeReady(m.RunKey, node.Incarnation, error) { Cause = cause });
    }

    /// <summary>Stops what belongs to older epochs, so that what it says stays true, and says what is here (EP-1, ST-1).</summary>
    private void OnAskHoldings(AskHoldings m)
    {
        if (!orders.IsNew(m.Epoch))
        {
            // That epoch has begun here: the question is old.
            return;
        }

        Quiesce($"epoch {m.Epoch} is about to begin");
        copies.Drain();
        bool same = store is not null && RunKey.Of(store.Spec) == m.RunKey;
        node.TellCoordinator(OwnState.Say(m, node.Incarnation, same ? store!.Units.Concat(store.Leaving) : [], same ? copies.All : [], same ? lastDecided : null));
    }

    /// <summary>
    /// Brings the units to the recovery point as far as this node can by itself: they are there already, or roll forward (ST-1), or come from the seed, from snapshots in memory, from storage.
    /// What others hold is fetched from them afterwards. Returns what does not hold.
    /// </summary>
    private IReadOnlyList<DamagedState> Restore(PrepareEpoch m, RunSpec spec, out bool live)
    {
        (live, DamagedState? lost) = OwnState.Bring(m, context!.Self, [.. store!.Units, .. store.Leaving], unit => (Rolls(unit, m, spec, out string? torn), torn));
        if (lost is not null)
        {
            return [lost];
        }

        copies.RollTo(m.RestoreStep, m.Redo, spec.Training);
        foreach (PeerCopy copy in copies.Missing(m.RestoreStep).ToArray())
        {
            // About to be overwritten: from now on it is of no step.
            copy.Step = -1;
        }

        if (m.Sources.Count > 0)
        {
            foreach (UnitState unit in store.Units.Where(u => u.Step != m.RestoreStep))
            {
                unit.IsAt(-1);
            }

            return [];
        }

        live = live && LiveState.MayStay(spec, store.Restored);
        if (live)
        {
            return [];
        }

        foreach (UnitState unit in store.Units)
        {
            unit.IsAt(-1);
        }

        if (m.RestoreStep == 0 && spec.Origin is null)
        {
            UnitRestore.FromSeed(store);
            store.IsAt(0);
            store.Restored = false;
            return [];
        }

        var restore = new UnitRestore(store, node.Checkpoints.Open(spec, m.RunFolder), node.Vault);
        IReadOnlyList<DamagedState> damaged = restore.FromCheckpoint(m.RestoreStep, Manifests.IdentityOf(spec), m.Restore);
        if (damaged.Count == 0)
        {
            store.IsAt(m.RestoreStep);
            store.Restored = true;
        }

        return damaged;
    }

    private bool Rolls(UnitState unit, PrepareEpoch m, RunSpec spec, out string? torn)
    {
        torn = null;
        try
        {
            return node.RollForward(unit, m.RestoreStep, m.Redo, spec.Training);
        }
        catch (Exception e)
        {
            // Whatever it is: the unit is torn and said to be; the ladder decides what takes its place.
            torn = $"the update of unit {unit.Id} failed in the middle: {e.Message}";
            return false;
        }
    }

    /// <summary>Which copies this node holds in the epoch.</summary>
    private void WantCopies()
    {
        HashSet<int> owners = [.. context!.Copies.OwnersAt(context.Self)];
        copies.Want(store!, Enumerable.Range(0, store!.Order.Units.Count).Where(o => owners.Contains(context.NodeOf(store.Order.Units[o]))));
    }

    private void OnConnected(Connected m)
    {
        if (connecting is null || preparation is null)
        {
            // The epoch was aborted meanwhile.
            return;
        }

        if (m.Error is not null)
        {
            // A peer that cannot be reached is dying or cut off: the coordinator hears of it through membership and begins another epoch.
            log.Warning("epoch {0}: {1}", m.Epoch, m.Error);
            Answer(new NodeFault(m.Epoch, node.Incarnation, "exchange", m.Error));
            return;
        }

        preparation.Connected = true;
        BeginFetching();
        TryReady();
    }

    private void TryReady()
    {
        if (preparation is not { Connected: true } begun || !fetches.IsRestored)
        {
            return;
        }

        if (!begun.Attached)
        {
            begun.Attached = true;
            begun.FetchMs = Stopwatch.GetElapsedTime(begun.Begun).TotalMilliseconds;
            services.Gate.Open(context!.Epoch);
            AttachActors([.. Enumerable.Range(0, context.Spec.Layout.Ranks).Where(context.IsLocal)]);
        }

        if (actors.Values.Any(a => a.Incarnation == 0))
        {
            // A child has not started yet: its announcement is on this lane ahead of the repeated message.
            Self.Tell(new ReadyYet(context!.Epoch));
            return;
        }

        preparation = null;
        if (context!.Message.Save is { } save)
        {
            var plan = new SnapshotPlan(context.Spec, save);
            foreach (UnitState unit in store!.Units)
            {
                Snapshot(context, unit, plan, context.Message.RestoreStep);
            }

            node.Vault.Go();
        }

        Answer(new EpochPrepared(
            context.Epoch, node.Incarnation, null, begun.FetchMs, Stopwatch.GetElapsedTime(begun.Begun).TotalMilliseconds - begun.FetchMs,
            actors.Select(a => new ActorIncarnation(a.Key, a.Value.Incarnation)).OrderBy(a => a.Name, StringComparer.Ordinal).ToArray(),
            begun.Live, []));
    }

    /// <summary>A gradient for a copy that is held here.</summary>
    private void OnCopyGradient(Ticket ticket)
    {
        (int unit, long step) = (ticket.Header.Layer, ticket.Header.Step);
        if (copies.Add(unit, step, Arrival.On(ticket.Take(), store!.Device)))
        {
            TryReport();
        }
    }
}
