using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Exchange;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.Replication;
using MoeActors.Actors.State;
using MoeActors.Actors.Training;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Retention;
using MoeActors.Compute.Checkpoints.Storage;
using MoeActors.Compute.Specs;

using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;
using Input = MoeActors.Actors.Cluster.Coordinator.CoordinatorInput;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>Deliberate bugs, each at one seam: what the simulator must notice.</summary>
internal static class SimMutations
{
    /// <summary>By name, those that schedules of all faults find; a fresh instance for each schedule.</summary>
    public static IReadOnlyDictionary<string, Func<SimSeams>> General { get; } = new Dictionary<string, Func<SimSeams>>
    {
        ["the gate never closes"] = () => new GateNeverCloses(),
        ["a decision is applied twice"] = () => new DecisionTwice(),
        ["reports of an old epoch are counted"] = () => new OldReports(),
        ["retention deletes a file that is referred to"] = () => new BlindRetention(),
        ["a checkpoint is published without fsync"] = () => new NoSync(),
        ["a stale coordinator publishes past the fence"] = () => new NoFence(),
        ["the ledger counts a replayed step twice"] = () => new LedgerKept(),
        ["a restore takes an expert newer than c*"] = () => new NewerThanRecoveryPoint(),
        ["a lost node is not missed"] = () => new LostNodeKept(),
        ["a checkpoint is published with a part missing"] = () => new MissingPart(),
        ["a state in the middle of an update is taken for live"] = () => new TornLive(),
        ["a unit that missed the decision is not rolled forward"] = () => new NoRollForward(),
        ["a unit is rolled forward twice"] = () => new RollForwardTwice(),
        ["a copy that is not complete is used"] = () => new StaleCopy(),
        ["what an old incarnation held is believed"] = () => new OldHoldings(),
        ["a step is reported before its copies are covered"] = () => new Uncovered(),
        ["the last decision is forgotten"] = () => new ForgottenDecision(),
    };

    /// <summary>Likewise, each a defence against one kind of fault, which <see cref="Defence"/> gives alone.</summary>
    public static IReadOnlyDictionary<string, Func<SimSeams>> Special { get; } = new Dictionary<string, Func<SimSeams>>
    {
        ["frames are taken as they come"] = () => new AnyFrame(),
        ["a slow peer is given up"] = () => new NoPatience(),
        ["a writer that fails says nothing"] = () => new SilentWriter(),
        ["a write that failed is reported as done"] = () => new FailedWriteDone(),
        ["what is read from storage is not verified"] = () => new UnverifiedStorage(),
        ["snapshots in memory are not verified"] = () => new UnverifiedSnapshot(),
        ["a step that never ends is waited for"] = () => new Waiting(),
        ["gradients are summed as they arrive"] = () => new ArrivalOrder(),
        ["a lane that hangs is not noticed"] = () => new Unwatched(),
        ["a step that is not finite is applied"] = () => new NotFiniteApplied(),
    };

    /// <summary>All of them.</summary>
    public static IReadOnlyDictionary<string, Func<SimSeams>> All { get; } = General.Concat(Special).ToDictionary();

    private sealed class GateNeverCloses : SimSeams
    {
        public override void Close(EpochGate gate)
        {
        }
    }

    private sealed class DecisionTwice : SimSeams
    {
        public override bool ForgetsReduced => false;

        public override bool IsNew(StepProgress progress, StepDecision decision) => progress.Decide(decision) || progress.Step == decision.Step;

        public override void Update(SimUnit unit, DecidedUpdate decided, Action pass)
        {
            pass();
            unit.IsAt(decided.Step + 1);
        }
    }

    private sealed class OldReports : SimSeams
    {
        private CoordinatorState? aborted;

        public override (CoordinatorState State, IReadOnlyList<Effect> Effects) Step(CoordinatorState state, Input input)
        {
            (CoordinatorState next, IReadOnlyList<Effect> effects) = base.Step(state, input);
            aborted = next.Epoch > state.Epoch && state.Reports.Count > 0 ? state : aborted;
            bool begins = state.Phase == RunPhase.Preparing && next.Phase == RunPhase.Running && aborted?.Step == next.Step;
            return (begins ? next with { Reports = aborted!.Reports.RemoveRange(aborted.Reports.Keys.Where(n => next.Participants.All(p => p.Incarnation != n))) } : next, effects);
        }
    }

    private sealed class BlindRetention : SimSeams
    {
        public override IReadOnlyList<StoredObject> Listed(string folder, IReadOnlyList<StoredObject> objects)
        {
            StoredObject[] manifests = [.. objects.Where(o => CheckpointPaths.TryManifest(o.Name, out _))];
            return manifests.Length < 2 ? objects : [.. objects.Where(o => o != manifests[^2])];
        }
    }

    private sealed class NoSync : SimSeams
    {
        public override bool SyncsFiles => false;
    }

    private sealed class NoFence : SimSeams
    {
        // Storage that takes its time: a coordinator is stopped in the middle of a publication often enough to be met.
        public override long PublishingTakes(long drawn) => drawn * 20;

        public override CommittedCheckpoint Publish(RunSpec spec, CheckpointStore store, RetentionRequest retention, PendingCheckpoint checkpoint) =>
            base.Publish(spec, store, retention with { FencingToken = Math.Max(store.Fence(), retention.FencingToken) }, checkpoint);
    }

    private sealed class LedgerKept : SimSeams
    {
        public override (CoordinatorState State, IReadOnlyList<Effect> Effects) Step(CoordinatorState state, Input input)
        {
            (CoordinatorState next, IReadOnlyList<Effect> effects) = base.Step(state, input);
            return (next.Epoch > state.Epoch && state.Ledger.Steps > next.Ledger.Steps ? next with { Ledger = state.Ledger } : next, effects);
        }
    }

    private sealed class NewerThanRecoveryPoint : SimSeams
    {
        public override bool ForgetsNewer => false;

        public override SimState? FromVault(SimVault vault, SimPart part, long version) => vault.Find(part, version) is null ? null : vault.Newest(part);
    }

    private sealed class LostNodeKept : SimSeams
    {
        public override (CoordinatorState State, IReadOnlyList<Effect> Effects) Step(CoordinatorState state, Input input) => input is Input.NodeLost lost
            ? (state with { Members = state.Members.Remove(lost.Incarnation) }, [])
            : base.Step(state, input);
    }

    private sealed class MissingPart : SimSeams
    {
        public override (CoordinatorState State, IReadOnlyList<Effect> Effects) Step(CoordinatorState state, Input input)
        {
            (CoordinatorState next, IReadOnlyList<Effect> effects) = base.Step(state, input);
            return input is Input.Persisted { Message: var part } && next.Pending.TryGetValue(part.Step, out PendingCheckpoint? pending)
                && pending.Parts.Count == next.Participants.Count - 1 && !ReferenceEquals(next, state)
                ? (next, [.. effects, new Effect.Publish(pending)])
                : (next, effects);
        }

        // The store's own checks are left out as well: they would refuse.
        public override CommittedCheckpoint Publish(RunSpec spec, CheckpointStore store, RetentionRequest retention, PendingCheckpoint checkpoint) => Unchecked(spec, store, retention, checkpoint);
    }

    private sealed class TornLive : SimSeams
    {
        public override void Update(SimUnit unit, DecidedUpdate decided, Action pass) => base.Update(unit, decided, () =>
        {
            unit.IsAt(decided.Step);
            pass();
        });
    }

    private sealed class NoRollForward : SimSeams
    {
        public override void RollForward(SimUnit unit, DecidedUpdate redo, Action pass) => base.RollForward(unit, redo, static () => { });
    }

    private sealed class RollForwardTwice : SimSeams
    {
        public override void RollForward(SimUnit unit, DecidedUpdate redo, Action pass) => base.RollForward(unit, redo, pass + pass);
    }

    private sealed class StaleCopy : SimSeams
    {
        public override (CoordinatorState State, IReadOnlyList<Effect> Effects) Step(CoordinatorState state, Input input) => base.Step(
            state, input is Input.Held held ? new Input.Held(held.Message with { Copies = [.. held.Message.Copies.Select(c => c.Step < 0 ? c with { Step = state.Step } : c)] }) : input);

        public override IHeldState? Source(IHeldState? live, IHeldState? copy, long step, bool weights) => base.Source(live, copy, step, weights) ?? (weights ? null : copy);
    }

    private sealed class OldHoldings : SimSeams
    {
        private readonly Dictionary<string, Holdings> newest = [];

        public override (CoordinatorState State, IReadOnlyList<Effect> Effects) Step(CoordinatorState state, Input input)
        {
            if (input is Input.Held { Message: var held } && state.Members.TryGetValue(held.Node, out NodeIdentity? node))
            {
                if (newest.TryGetValue(node.Name, out Holdings? old) && old.Node != held.Node)
                {
                    return base.Step(state, new Input.Held(old with { Node = held.Node, Epoch = held.Epoch }));
                }

                newest[node.Name] = held;
            }

            return base.Step(state, input);
        }
    }

    private sealed class Uncovered : SimSeams
    {
        public override bool Cover(ReplicaSet<SimCopy> copies, long step) => true;
    }

    private sealed class AnyFrame : SimSeams
    {
        public override string? Fault(in FrameHeader header, uint expected) => base.Fault(in header, header.Sequence);
    }

    private sealed class NoPatience : SimSeams
    {
        public override long Patience => SimClock.Second / 2;
    }

    private sealed class SilentWriter : SimSeams
    {
        public override bool TellsOfFailure => false;
    }

    private sealed class FailedWriteDone : SimSeams
    {
        public override string? Said(string? error) => null;

        public override CommittedCheckpoint Publish(RunSpec spec, CheckpointStore store, RetentionRequest retention, PendingCheckpoint checkpoint)
        {
            try
            {
                return base.Publish(spec, store, retention, checkpoint);
            }
            catch (CheckpointException)
            {
                return Unchecked(spec, store, retention, checkpoint);
            }
        }
    }

    private sealed class UnverifiedStorage : SimSeams
    {
        public override SimState Stored(Func<SimState> read)
        {
            try
            {
                return read();
            }
            catch (CheckpointException)
            {
                return new SimState(0xBAD, 1);
            }
        }
    }

    private sealed class UnverifiedSnapshot : SimSeams
    {
        public override bool VerifiesSnapshots => false;
    }

    private sealed class Waiting : SimSeams
    {
        public override (CoordinatorState State, IReadOnlyList<Effect> Effects) Step(CoordinatorState state, Input input)
        {
            (CoordinatorState next, IReadOnlyList<Effect> effects) = base.Step(state, input);
            return (next.Inquiry is null ? next : next with { Inquiry = null }, effects);
        }
    }

    private sealed class ArrivalOrder : SimSeams
    {
        public override ulong Sum(ReadOnlySpan<ulong> inOrder, IReadOnlyList<ulong> asTheyCame) => Mix.Of([.. asTheyCame]);
    }

    private sealed class Unwatched : SimSeams
    {
        public override bool WatchesLane => false;
    }

    private sealed class NotFiniteApplied : SimSeams
    {
        public override (CoordinatorState State, IReadOnlyList<Effect> Effects) Step(CoordinatorState state, Input input)
        {
            (CoordinatorState next, IReadOnlyList<Effect> effects) = base.Step(state, input);
            return (next, [.. effects.Select(e => e switch
            {
                Effect.Tell { Message: StepDecision { Skip: true } decision } tell => tell with { Message = decision with { Skip = false, GradientScale = 1 } },
                Effect.RecordStep { Step.Skipped: true } record => record with { Step = record.Step with { Skipped = false } },
                _ => e,
            })]);
        }
    }

    private sealed class ForgottenDecision : SimSeams
    {
        public override (CoordinatorState State, IReadOnlyList<Effect> Effects) Step(CoordinatorState state, Input input)
        {
            (CoordinatorState next, IReadOnlyList<Effect> effects) = base.Step(state, input is Input.Held held ? new Input.Held(held.Message with { Decided = null }) : input);
            return (next.Phase == RunPhase.Surveying ? next with { LastUpdate = null } : next, effects);
        }
    }

    private static CommittedCheckpoint Unchecked(RunSpec spec, CheckpointStore store, RetentionRequest retention, PendingCheckpoint checkpoint)
    {
        CheckpointWriterActor.Part[] parts = [.. checkpoint.Parts.Values.Select(p => System.Text.Json.JsonSerializer.Deserialize<CheckpointWriterActor.Part>(p.EntriesJson)!)];
        CheckpointEntry[] entries = [.. parts.SelectMany(p => p.Entries)];
        var counts = parts.SelectMany(p => p.StepCounts).DistinctBy(c => c.Key).ToDictionary(c => c.Key, c => c.Value);
        Manifest manifest = Manifests.Of(spec, checkpoint, retention.FencingToken, [.. parts.SelectMany(p => p.Files)], entries, counts, DateTimeOffset.UnixEpoch);
        string name = CheckpointPaths.ManifestName(manifest.Step);
        store.Storage.Put(name, ManifestFormat.Write(manifest), PutCondition.After(store.Storage.Read(name)));
        return new CommittedCheckpoint(checkpoint.Step, 1, [], 0, "", "");
    }
}
