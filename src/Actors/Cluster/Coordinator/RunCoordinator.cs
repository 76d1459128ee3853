using System.Diagnostics;

using Akka.Actor;
using Akka.Cluster;
using Akka.Event;
using Akka.Persistence;

using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Diagnostics;
using MoeActors.Actors.Faults;
using MoeActors.Actors.Protocol;

using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;
using Input = MoeActors.Actors.Cluster.Coordinator.CoordinatorInput;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>
/// /user/run, cluster singleton: feeds <see cref="CoordinatorMachine"/> and carries out its effects. Event-sourced: what it journals
/// survives the loss of its node, and the next coordinator goes on from there. Its journal's sequence number is its fencing token.
/// </summary>
internal sealed partial class RunCoordinator : ReceivePersistentActor, IWithTimers
{
    private readonly CoordinatorOptions options;
    private readonly ILoggingAdapter log = Context.GetLogger();
    private readonly Akka.Cluster.Cluster cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly StatusBoard board = new();
    private readonly FaultClock faults;
    private readonly HoldClock hold = new();
    private CoordinatorState state = new();
    private IRunRecorder? recorder;
    private RunFolderLock? folderLock;
    private long lastDecision;

    /// <summary>False until a run taken over is opened: inputs before are not needed, or come again.</summary>
    private bool isActive;

    /// <summary>The publisher's answer, told to self.</summary>
    private sealed record PublishDone(string RunFolder, Input Result, CommittedCheckpoint? Checkpoint);

    private sealed record GraceTick(int Epoch);

    private sealed record PauseTick(int Epoch);

    private sealed record SettleTick(string Incarnation);

    /// <summary>Self-message of the timer behind <see cref="Input.Tick"/>.</summary>
    private sealed class Repeat
    {
        public static readonly Repeat Instance = new();
    }

    public RunCoordinator(CoordinatorOptions options)
    {
        this.options = options;
        faults = new FaultClock(options.Time);
        Recover<CoordinatorEntry>(e => state = Takeover.Replay(state, Entries.Read(e), LastSequenceNr));
        Recover<RecoveryCompleted>(_ => BeginTakeover());
        Command<NodeHello>(OnHello);
        Command<Holdings>(m => Feed(new Input.Held(m)));
        Command<EpochPrepared>(m => Feed(new Input.Prepared(m)));
        Command<StepReport>(m => Feed(new Input.Reported(m)));
        Command<StepApplied>(m => Feed(new Input.Applied(m)));
        Command<NodeProgress>(m => Feed(new Input.Progressed(m)));
        Command<EvaluationReport>(m => Feed(new Input.Evaluated(m)));
        Command<SnapshotPersisted>(m => Feed(new Input.Persisted(m)));
        Command<NodeFault>(m => Feed(new Input.ActorFailed(m)));
        Command<PublishDone>(OnPublishDone);
        Command<GraceTick>(m => Feed(new Input.GraceOver(m.Epoch)));
        Command<PauseTick>(m => Feed(new Input.PauseOver(m.Epoch)));
        Command<SettleTick>(m => Feed(new Input.Settled(m.Incarnation)));
        Command<NodeReady>(m => Feed(new Input.JoinerReady(m)));
        Command<Repeat>(_ => OnRepeat());
        Command<OpenAgain>(m => TakeOver(m.Left));
        Command<HoldAgain>(m => TakeHold(m.Left));
        Command<SubmitRun>(OnSubmit);
        Command<StopRun>(m => Feed(new Input.StopAsked(m.Reason)));
        Command<TopologyQuery>(_ => Sender.Tell(Topologies.Of(state, options.NodeName)));
        Command<RunNote>(m => Note(m.Text));
        Command<InjectedCrash>(m => m.Throw());
        Command<StatusQuery>(OnStatusQuery);
        Command<ClusterEvent.MemberDowned>(m => OnGone(m.Member, "downed"));
        Command<ClusterEvent.MemberRemoved>(m => OnGone(m.Member, "removed"));
        Command<ClusterEvent.MemberExited>(m => OnGone(m.Member, "left"));
        CommandAny(_ => { });
    }

    public override string PersistenceId => options.JournalName;

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PostStop()
    {
        cluster.Unsubscribe(Self);
        recorder?.Dispose();
        folderLock?.Dispose();
    }

    protected override void OnPersistFailure(Exception cause, object @event, long sequenceNr)
    {
        // A stale coordinator's write meets a newer one's: the journal is a fence. The actor stops; the singleton elsewhere goes on.
        log.Error("the journal refused an entry ({0}): this coordinator is no longer in charge", cause.Message);
        base.OnPersistFailure(cause, @event, sequenceNr);

        // A singleton that stops is not started again where it was: without this a full disk would leave the cluster without a coordinator.
        (int code, string reason) = JournalDamage.Of(cause) is { } damage ? (NodeExit.JournalDamaged, damage) : (NodeExit.CoordinatorFailed, $"the coordinator's journal refused an entry: {cause.Message}");
        options.Exit(code, reason);
    }

    protected override void OnPersistRejected(Exception cause, object @event, long sequenceNr) => OnPersistFailure(cause, @event, sequenceNr);

    protected override void OnRecoveryFailure(Exception reason, object? message = null)
    {
        base.OnRecoveryFailure(reason, message);
        string? damage = JournalDamage.Of(reason);
        options.Exit(damage is null ? NodeExit.CoordinatorFailed : NodeExit.JournalDamaged, $"the coordinator's journal cannot be read: {damage ?? reason.Message}");
    }

    private bool IsMember(NodeIdentity node) =>
        cluster.State.Members.Any(m => Incarnation.Is(node, m.UniqueAddress) && m.Status is MemberStatus.Up or MemberStatus.WeaklyUp or MemberStatus.Joining);

    private void OnHello(NodeHello m)
    {
        // A late hello of a node that has left would never be followed by news of its loss. Hellos repeat: a new node is let in by a later one.
        if (!isActive || !IsMember(m.Node))
        {
            return;
        }

        string? refusal = Admission.Check(m.Node, state, options.SeveralMachinesAllowed, options.MixedBuilds, options.Here);
        Sender.Tell(new HelloAnswer(state.Fence, refusal));
        if (refusal is not null)
        {
            log.Warning("{0} refused: {1}", m.Node.Name, refusal);
            return;
        }

        if (m.Node.Build != ProtocolVersion.Build && !state.Members.ContainsKey(m.Node.Incarnation))
        {
            Note($"{m.Node.Name} runs another build than this coordinator: results need not be bitwise those of one build");
        }

        Context.System.EventStream.Publish(m);
        Feed(new Input.NodeUp(m.Node));
    }

    private void OnGone(Member member, string how)
    {
        foreach (NodeIdentity node in state.Members.Values.Concat(state.Participants).Where(n => Incarnation.Is(n, member.UniqueAddress)).DistinctBy(n => n.Incarnation).ToArray())
        {
            Feed(new Input.NodeLost(node.Incarnation, how));
        }
    }

    private void OnRepeat()
    {
        foreach (NodeIdentity node in state.Members.Values.Where(n => !IsMember(n)))
        {
            Feed(new Input.NodeLost(node.Incarnation, "it is no member of the cluster any more"));
        }

        LockWhenFree();
        Feed(new Input.Tick());
    }

    /// <summary>One input through the machine; its effects are carried out in order, those behind a journal entry after it is durable.</summary>
    private void Feed(Input input)
    {
        if (!isActive)
        {
            return;
        }

        (CoordinatorState next, IReadOnlyList<Effect> effects) = Decide(input);
        hold.Set(next.Phase == RunPhase.Saving);
        state = next;
        Persist(effects);
    }

    private void Persist(IReadOnlyList<Effect> effects)
    {
        int journal = effects.Count(e => e is Effect.Journal);
        if (journal == 0)
        {
            CarryOut(effects);
            return;
        }

        int left = journal;
        PersistAll(effects.OfType<Effect.Journal>().Select(j => Entries.Write(j.Entry)), _ =>
        {
            if (--left == 0)
            {
                CarryOut(effects);
            }
        });
    }

    /// <summary>The machine's answer. A defect in it ends the run and says so: a restarted coordinator would meet the same input again, for ever.</summary>
    private (CoordinatorState State, IReadOnlyList<Effect> Effects) Decide(Input input)
    {
        try
        {
            return CoordinatorMachine.Step(state, input);
        }
        catch (Exception e) when (state.Phase is not (RunPhase.Idle or RunPhase.Ended))
        {
            log.Error(e, "the coordinator failed at {0} in phase {1}", input.GetType().Name, state.Phase);
            var effects = new List<Effect>();
            CoordinatorState ended = CoordinatorMachine.Fail(
                state, FailureCause.Unexpected, $"the coordinator cannot handle {input.GetType().Name} in phase {state.Phase.ToString().ToLowerInvariant()}: {e.Message}", effects);
            return (ended, effects);
        }
    }

    private void CarryOut(IReadOnlyList<Effect> effects)
    {
        foreach (Effect effect in effects)
        {
            switch (effect)
            {
                case Effect.Tell e:
                    Context.ActorSelection(new RootActorPath(Address.Parse(e.Node.Address)) / "user" / "node").Tell(e.Message);
                    break;
                case Effect.Down e:
                    // Akka downs whoever has the address: not the next process there.
                    if (IsMember(e.Node))
                    {
                        cluster.Down(Address.Parse(e.Node.Address));
                    }

                    break;
                case Effect.Publish e:
                    Publish(e.Checkpoint);
                    break;
                case Effect.StartGrace e:
                    Timers.StartSingleTimer("grace", new GraceTick(e.Epoch), options.RecoveryGrace);
                    break;
                case Effect.StartSettling e:
                    Timers.StartSingleTimer(e.Incarnation, new SettleTick(e.Incarnation), options.RecoverySettle * e.Times);
                    break;
                case Effect.StartBackoff e:
                    Timers.StartSingleTimer("backoff", new PauseTick(e.Epoch), e.Pause);
                    break;
                case Effect.RecordStep e:
                    OnStep(e.Step);
                    break;
                case Effect.RecordValidation e:
                    recorder?.Validation(e.Step, e.Loss);
                    board.Validation(e.Step, e.Loss);
                    break;
                case Effect.RecordFailedCheckpoint e:
                    recorder?.CheckpointFailed(e.Step);
                    break;
                case Effect.RecordSpec e:
                    recorder?.Record(e.Spec);
                    break;
                case Effect.Note e:
                    Note(e.Text);
                    break;
                case Effect.FaultDetected e:
                    OnFault(e);
                    break;
                case Effect.EpochDecided e:
                    faults.Decided(e.RestoreStep);
                    WriteFaults();
                    break;
                case Effect.EpochReady e:
                    faults.Ready(e.FetchMs, e.RestoreMs, e.Rung, e.Reason, e.Plt);
                    WriteFaults();
                    recorder?.Epoch(e.Epoch, state.Step, state.Placement!, e.Nodes);
                    lastDecision = Stopwatch.GetTimestamp();
                    hold.Take();
                    break;
                case Effect.Ended e:
                    OnEnded(e.Outcome);
                    break;
            }
        }
    }

    private void WriteFaults()
    {
        foreach (FaultTimeline fault in faults.Underway())
        {
            recorder?.FaultUnderway(fault);
        }
    }

    private void Note(string text)
    {
        log.Info("{0}", text);
        recorder?.Note(text);
        board.Event(text);
    }

    private void OnStatusQuery(StatusQuery m)
    {
        TellWarnings(recorder);
        Sender.Tell(board.Answer(m, state, recorder?.Ettr ?? double.NaN));
    }

    /// <summary>What the recorder could not read or write: those who watch the run hear of it, and it goes on.</summary>
    private void TellWarnings(IRunRecorder? from)
    {
        while (from?.TakeWarning() is { } warning)
        {
            log.Warning("{0}", warning);
            board.Event(warning);
        }
    }

    private void OnStep(DecidedStep step)
    {
        long now = Stopwatch.GetTimestamp();
        double ms = lastDecision == 0 ? 0 : Stopwatch.GetElapsedTime(lastDecision, now).TotalMilliseconds;
        lastDecision = now;
        step = step with { SnapshotStallMs = step.SnapshotStallMs + hold.Take() };
        foreach (FaultTimeline fault in faults.FirstStep())
        {
            recorder?.Fault(fault);
            board.Event(
                $"{fault.Target} recovered: first step {fault.FirstStepMs / 1000:0.0} s after detection (decided {fault.DecidedMs / 1000:0.0}, restored {fault.RestoredMs / 1000:0.0}, rejoined {fault.RejoinedMs / 1000:0.0}), {fault.LostSteps} steps computed again");
        }

        recorder?.Step(step, ms);
        board.Step(step, ms);
    }

    private void OnFault(Effect.FaultDetected e)
    {
        // By incarnation: when its successor is up already, the name belongs to that one.
        FlightRecord? last = e.Incarnation.Length == 0 ? null : FlightRecorder.Read(options.FlightPath(e.Target, e.Incarnation));
        faults.Detected(e.Kind, e.Target, e.AtStep, PhaseOf(last), e.Reason, last?.Injected ?? InjectedMark.IsIn(e.Reason), options.SuspectedSince(e.Incarnation));
    }

    private static string PhaseOf(FlightRecord? record) => record is null
        ? ""
        : record.StoragePhase is Phase.Idle
            ? record.Phase.ToString().ToLowerInvariant()
            : $"{record.StoragePhase.ToString().ToLowerInvariant()}+{record.Phase.ToString().ToLowerInvariant()}";

    private void OnEnded(string outcome)
    {
        recorder?.Ended(outcome, lastCheckpoint, state.CheckpointLedger);
        TellWarnings(recorder);
        board.Event($"run {outcome}");
        recorder?.Dispose();
        recorder = null;
        folderLock?.Dispose();
        folderLock = null;
        log.Info("run {0} is {1}, and its record is closed", state.Spec?.RunId, outcome);
    }
}

/// <summary>What the coordinator needs from its node; the same on every node, since the singleton may run anywhere.</summary>
/// <param name="NodeName">This node.</param>
/// <param name="RecoveryGrace">How long to wait for a replacement.</param>
/// <param name="RecoverySettle">How long a node must stay before a run under way takes it in.</param>
/// <param name="SeveralMachinesAllowed">True when the journal can be reached from several machines (PostgreSQL).</param>
/// <param name="FlightPath">Flight recorder of a node (name, incarnation).</param>
/// <param name="Flight">This process's flight recorder.</param>
/// <param name="Recorder">Makes the recorder of a run folder.</param>
internal sealed record CoordinatorOptions(
    string NodeName,
    TimeSpan RecoveryGrace,
    TimeSpan RecoverySettle,
    bool SeveralMachinesAllowed,
    Func<string, string, string> FlightPath,
    FlightRecorder Flight,
    Func<string, IRunRecorder> Recorder)
{
    /// <summary>Whether nodes of another build may take part.</summary>
    public bool MixedBuilds { get; init; }

    /// <summary>The process this coordinator would be in.</summary>
    public required NodeIdentity Here { get; init; }

    /// <summary>Opens the places checkpoints lie in.</summary>
    public required CheckpointPlaces Checkpoints { get; init; }

    /// <summary>Ends the process with an exit code and reason, for its supervisor to start another.</summary>
    public Action<int, string> Exit { get; init; } = static (_, _) => { };

    /// <summary>What time of day it says it is, in what is written down.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>When this node first suspected an incarnation (Stopwatch timestamp); null when it did not.</summary>
    public Func<string, long?> SuspectedSince { get; init; } = static _ => null;

    /// <summary>Whether a process is or was a member of this node's cluster; the own one is. Nobody is known unless told so.</summary>
    public Func<string, bool> Knows { get; init; } = static _ => false;

    /// <summary>Name of the coordinator's entries in the journal.</summary>
    public string JournalName { get; init; } = "run-coordinator";

    /// <summary>Stopwatch timestamp from which on this node knew that a process was lost; null where it did not.</summary>
    public Func<string, long?> LostSince { get; init; } = static _ => null;
}
