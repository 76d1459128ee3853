using Akka.Cluster;
using Akka.Event;
using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Diagnostics;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Checkpoints.Format;
using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>Taking office: what a coordinator does before its first decision.</summary>
internal sealed partial class RunCoordinator
{
    /// <summary>Attempts to open a run's folder that cannot be read, or that another cluster holds.</summary>
    private const int OpenAttempts = 40;

    /// <summary>Attempts to get the lock of a folder whose former processes may be about to end: longer than a node without its supervisor takes for that.</summary>
    private const int HoldAttempts = 80;

    private static readonly TimeSpan OpenPause = TimeSpan.FromMilliseconds(250);

    private sealed record OpenAgain(int Left);

    private sealed record HoldAgain(int Left);

    private void BeginTakeover()
    {
        if (!Takeover.Begins(state, options.Knows))
        {
            Activate(begins: false);
            return;
        }

        state = Takeover.WithoutWishes(state);
        if (state.Spec is null || state.Phase == RunPhase.Ended)
        {
            Activate(begins: true);
        }
        else
        {
            TakeHold(HoldAttempts);
        }
    }

    /// <summary>
    /// A newly started cluster finds a run under way in its journal. The lock says whether those who train it live: as long as they do, neither journal nor folder is touched.
    /// Their processes may be about to end.
    /// </summary>
    private void TakeHold(int left)
    {
        try
        {
            folderLock = RunFolderLock.Take(state.RunFolder);
            Activate(begins: true);
        }
        catch (RunFolderHeldException) when (left > 0)
        {
            Timers.StartSingleTimer("hold", new HoldAgain(left - 1), OpenPause);
        }
        catch (RunFolderHeldException e)
        {
            options.Exit(NodeExit.Resources, $"the journal names run {state.Spec!.RunId} as under way, and {e.Message}, or give this cluster a --data-dir and a journal of its own");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Moved, deleted or out of reach: nobody trains it there. Taking it over says so.
            Activate(begins: true);
        }
    }

    private void Activate(bool begins)
    {
        // A successor in the same cluster: the run was being trained all the time, and its start is written down.
        opened = !begins;
        state = state with { JournalId = state.JournalId.Length > 0 ? state.JournalId : Guid.NewGuid().ToString("N"), Coordinator = options.Here.Incarnation };
        var entry = new JournalEntry.CoordinatorStarted(options.NodeName) { Journal = state.JournalId, Incarnation = options.Here.Incarnation, Begins = begins };
        Persist(Entries.Write(entry), _ =>
        {
            state = Takeover.Fenced(state, LastSequenceNr);
            if (state.Spec is null || state.Phase == RunPhase.Ended)
            {
                Open();
                WriteEnd();
                return;
            }

            TakeOver(OpenAttempts);
        });
    }

    private void TakeOver(int left)
    {
        if (!OpenFolder(state.RunFolder, state.Spec!, lockDemanded: false, out RecoveryPoints points, out string problem) && left > 0)
        {
            Timers.StartSingleTimer("open", new OpenAgain(left - 1), OpenPause);
            return;
        }

        Open();
        if (problem.Length > 0)
        {
            var effects = new List<Effect>();
            state = CoordinatorMachine.Fail(state, problemCause, $"the coordinator on {options.NodeName} cannot take the run over: {problem}", effects);
            Persist(effects);
            return;
        }

        state = Takeover.Adopt(state, points);
        Note($"coordinator on {options.NodeName} takes over run {state.Spec!.RunId} (fence {state.Fence})");
        foreach (NodeIdentity node in state.Participants.Where(n => !IsMember(n)))
        {
            FlightRecord? last = FlightRecorder.Read(options.FlightPath(node.Name, node.Incarnation));
            faults.Detected("node-lost", node.Name, last?.Step ?? state.Step, PhaseOf(last), "its process was gone when the coordinator took over", last?.Injected ?? false,
                options.SuspectedSince(node.Incarnation), options.LostSince(node.Incarnation));
            state = state with { Lost = state.Lost.Add(node.Incarnation) };
        }

        Timers.StartSingleTimer("grace", new GraceTick(state.Epoch), options.RecoveryGrace);
    }

    /// <summary>The end of a run is durable before its report is: a coordinator that died in between left the report to this one.</summary>
    private void WriteEnd()
    {
        if (state.Spec is null || !Directory.Exists(state.RunFolder))
        {
            return;
        }

        try
        {
            using RunFolderLock held = RunFolderLock.Take(state.RunFolder);
            (long token, string owner) = options.Checkpoints.Open(state.Spec, state.RunFolder).StandingFence();
            if (Takeover.NeedsLock(token, owner, state.JournalId))
            {
                // Fenced by another journal since: what is there is not this one's to end.
                return;
            }

            using IRunRecorder last = options.Recorder(state.RunFolder);

            // A newer epoch is of another cluster that has resumed the run since.
            if (!last.IsEnded && last.NewestEpoch <= state.Epoch)
            {
                last.Ended(state.Outcome, null, state.CheckpointLedger);
                TellWarnings(last);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CheckpointException)
        {
            log.Warning("the end of run {0} ({1}) is not in its report: {2}", state.Spec.RunId, state.Outcome, e.Message);
        }
    }

    private void Open()
    {
        isActive = true;
        Timers.StartPeriodicTimer("repeat", Repeat.Instance, UnansweredOrders.Tick);
        cluster.Subscribe(Self, ClusterEvent.InitialStateAsEvents, typeof(ClusterEvent.MemberDowned), typeof(ClusterEvent.MemberRemoved), typeof(ClusterEvent.MemberExited));
    }
}
