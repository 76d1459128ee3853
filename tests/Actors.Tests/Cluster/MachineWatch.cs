using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;

using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;
using Input = MoeActors.Actors.Cluster.Coordinator.CoordinatorInput;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>Looks at every input, the state before and after, and the effects, and fails where an invariant does not hold.</summary>
internal sealed class MachineWatch(RunSpec spec, Func<long, bool> isFinite)
{
    private readonly HashSet<(int Epoch, long Step, string Node)> reported = [];
    private readonly HashSet<(int Epoch, long Step)> decided = [];
    private readonly HashSet<string> lost = [];
    private int epoch;
    private long restored;
    private long newest;

    /// <summary>Outcomes told.</summary>
    public List<string> Outcomes { get; } = [];

    /// <summary>Decided steps, in the order of their decisions, repeated ones included.</summary>
    public List<DecidedStep> Steps { get; } = [];

    /// <summary>Epochs begun.</summary>
    public int Epochs => epoch;

    /// <summary>Whether the node's death was counted as a fault.</summary>
    public bool IsLost(string incarnation) => lost.Contains(incarnation);

    /// <summary>What a coordinator that reads the journal now would know.</summary>
    public CoordinatorState Replayed { get; private set; } = new();

    /// <summary>Checks one input's work.</summary>
    public void Stepped(CoordinatorState before, Input input, CoordinatorState after, IReadOnlyList<Effect> effects)
    {
        NothingOfAnotherEpoch(before, input, after, effects);
        if (input is Input.Reported { Message: var report })
        {
            reported.Add((report.Epoch, report.Step, report.Node));
        }

        foreach (Effect effect in effects)
        {
            switch (effect)
            {
                case Effect.Journal { Entry: var entry }:
                    // Through the wire form, as a journal returns it.
                    Replayed = CoordinatorMachine.Replay(Replayed, Entries.Read(Entries.Write(entry)));
                    Journaled(entry);
                    break;
                case Effect.Tell { Message: PrepareEpoch m }:
                    Assert.Equal(epoch, m.Epoch);
                    Assert.Equal(restored, m.RestoreStep);
                    GoesOnFrom(before, m);
                    break;
                case Effect.RecordStep { Step: var step }:
                    Decided(before, after, step, effects);
                    break;
                case Effect.FaultDetected { Kind: "node-lost" } when input is Input.NodeLost death:
                    Assert.True(lost.Add(death.Incarnation), "one death is one fault");
                    break;
                case Effect.Ended e:
                    Outcomes.Add(e.Outcome);
                    Assert.Equal(RunPhase.Ended, after.Phase);
                    if (e.Outcome is "completed" or "stopped" && before.Phase is not (RunPhase.Gathering or RunPhase.Surveying or RunPhase.Preparing))
                    {
                        // Beyond it where an aborted epoch had come further and its checkpoint was published late.
                        Assert.True(after.NewestCheckpoint >= after.Step, "the last step is saved");
                    }

                    break;
            }
        }

        Assert.True(Outcomes.Count <= 1, "the end is told once");
        LedgerIsExact(after);
        SameFacts(after);
    }

    /// <summary>A new coordinator has read the journal.</summary>
    public void TakenOver(CoordinatorState state) => SameFacts(state);

    // EP-1.
    private static void NothingOfAnotherEpoch(CoordinatorState before, Input input, CoordinatorState after, IReadOnlyList<Effect> effects)
    {
        int? of = input switch
        {
            Input.Prepared e => e.Message.Epoch,
            Input.Reported e => e.Message.Epoch,
            Input.Applied e => e.Message.Epoch,
            Input.Evaluated e => e.Message.Epoch,
            Input.ActorFailed e => e.Message.Epoch,
            Input.GraceOver e => e.Epoch,
            Input.Persisted e when !before.Pending.Values.Any(p => p.Epoch == e.Message.Epoch) => e.Message.Epoch,
            _ => null,
        };
        if (of is { } epoch && (epoch != before.Epoch || input is Input.Persisted))
        {
            Assert.Same(before, after);
            Assert.Empty(effects);
        }
    }

    private void Journaled(JournalEntry entry)
    {
        switch (entry)
        {
            case JournalEntry.EpochBegan e:
                Assert.True(e.Epoch > epoch, "epochs grow");
                Assert.True(e.RestoreStep == newest || (spec.IsExact && e.RestoreStep > newest), "back to the newest checkpoint, or not at all");
                (epoch, restored) = (e.Epoch, e.RestoreStep);
                break;
            case JournalEntry.CheckpointPublished e:
                Assert.True(e.Step > newest, "the newest checkpoint never goes back");
                newest = e.Step;
                break;
        }
    }

    // ST-1, RC-1: from the last decided step, every unit of it; or from a checkpoint, and then nobody is said to hold anything.
    private void GoesOnFrom(CoordinatorState before, PrepareEpoch m)
    {
        if (m.Sources.Count == 0)
        {
            Assert.Equal(newest, m.RestoreStep);
            return;
        }

        Assert.Equal(UnitOrder.All(spec.Model, spec.Layout).Count, m.Sources.Select(s => s.Unit).Distinct().Count());
        Assert.True(before.TakenOver || m.RestoreStep == before.Step, $"goes on from {m.RestoreStep}, {before.Step} was decided");
        Assert.True(m.Redo is null || m.Redo.Step + 1 == m.RestoreStep, "the decision is the one that made the recovery point");
    }

    // ST-1.
    private void Decided(CoordinatorState before, CoordinatorState after, DecidedStep step, IReadOnlyList<Effect> effects)
    {
        Assert.Equal((before.Epoch, before.Step), (step.Epoch, step.Step));
        Assert.True(decided.Add((step.Epoch, step.Step)), "a step is decided once in an epoch");
        Assert.All(before.Participants, n => Assert.Contains((step.Epoch, step.Step, n.Incarnation), reported));
        Assert.Equal(!isFinite(step.Step), step.Skipped);
        if (after.Phase != RunPhase.Ended)
        {
            StepDecision[] told = effects.OfType<Effect.Tell>().Select(t => t.Message).OfType<StepDecision>().ToArray();
            Assert.Equal(before.Participants.Count, told.Length);
            Assert.Single(told.Distinct());
            Assert.Equal((step.Epoch, step.Step, step.Skipped), (told[0].Epoch, told[0].Step, told[0].Skip));
            Assert.Equal(before.Step + 1, after.Step);
        }

        Steps.Add(step);
    }

    // DA-1.
    private void LedgerIsExact(CoordinatorState state)
    {
        if (state.Phase is RunPhase.Preparing or RunPhase.Running or RunPhase.Applying or RunPhase.Evaluating or RunPhase.Finishing)
        {
            Assert.Equal(state.Step, state.Ledger.Steps);
            Assert.Equal(Enumerable.Range(0, (int)state.Step).Select(s => (long)s).Where(s => !isFinite(s)), state.Ledger.SkippedSteps);
            Assert.Equal(spec.Training.GlobalBatch * (state.Step - state.Ledger.SkippedSteps.Count), state.Ledger.Contributed);
        }

        Assert.Equal(state.NewestCheckpoint, state.CheckpointLedger.Steps);
    }

    private void SameFacts(CoordinatorState state)
    {
        Assert.Equal((state.Epoch, state.NewestCheckpoint, state.Outcome, state.RunFolder, state.Command), (Replayed.Epoch, Replayed.NewestCheckpoint, Replayed.Outcome, Replayed.RunFolder, Replayed.Command));
        Assert.Equal((state.Phase == RunPhase.Ended, state.StopReason), (Replayed.Phase == RunPhase.Ended, Replayed.StopReason));
        Assert.Equal(state.CheckpointLedger, Replayed.CheckpointLedger);
        Assert.Equal(state.Participants, Replayed.Participants);
        Assert.Equal(state.Placement?.NodeOfRank ?? [], Replayed.Placement?.NodeOfRank ?? []);
    }
}
