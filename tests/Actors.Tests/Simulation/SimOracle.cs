using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Data;
using MoeActors.Compute.Models;

using Effect = MoeActors.Actors.Cluster.CoordinatorEffect;
using Input = MoeActors.Actors.Cluster.CoordinatorInput;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>Sees everything and believes nothing: holds the invariants of the design at every event.</summary>
internal sealed class SimOracle(SimWorld world)
{
    private readonly IReadOnlyList<Dictionary<SimPart, SimState>> reference = world.Layout.Reference();
    private readonly Dictionary<(SimPart Part, long Step), Dictionary<int, SimState>> computed = [];
    private readonly Dictionary<(SimPart Part, long Step), (int Epoch, SimState State)> surviving = [];
    private readonly HashSet<(int Epoch, long Step, string Node)> reported = [];
    private readonly HashSet<(int Epoch, long Step)> decided = [];
    private readonly Dictionary<SimProcess, int> open = [];
    private int epoch;

    /// <summary>How the run ended; null while it lives.</summary>
    public string? Outcome { get; private set; }

    /// <summary>Token of the newest coordinator that took the run's folder over.</summary>
    public long NewestFence { get; private set; }

    /// <summary>Token of the coordinator that is publishing at this moment.</summary>
    public long? PublishingFence { get; private set; }

    /// <summary>Decided steps, repeated ones included.</summary>
    public int Decisions => decided.Count;

    /// <summary>Epochs begun.</summary>
    public int Epochs => epoch;

    public void Opened(SimProcess process, int current) => open[process] = current;

    public void Closed(SimProcess process) => open.Remove(process);

    public void Reported(StepReport report) => reported.Add((report.Epoch, report.Step, report.Node));

    public void TookOffice(long fence) => NewestFence = Math.Max(NewestFence, fence);

    public void Publishing(long? fence) => PublishingFence = fence;

    public void Ended(string outcome) => Outcome ??= outcome;

    /// <summary>A unit was updated in place: EP-1, and DT-1 against the undisturbed run.</summary>
    public void Updated(SimProcess process, int at, long step, SimUnit unit)
    {
        SimViolation.Unless(open.TryGetValue(process, out int current) && current == at, "EP-1", () => $"{process.Identity.Incarnation} updates {unit.Id} in epoch {at}, which it has left");
        SimViolation.Unless(decided.Contains((at, step)), "ST-1", () => $"{unit.Id} is updated by step {step} of epoch {at}, which was not decided");
        foreach (SimPart part in unit.Parts)
        {
            if (!world.Setup.Partial)
            {
                Exact(part, step + 1, unit[part], "update");
            }

            if (!computed.TryGetValue((part, step + 1), out Dictionary<int, SimState>? states))
            {
                computed.Add((part, step + 1), states = []);
            }

            SimViolation.Unless(states.TryAdd(at, unit[part]), "ST-1", () => $"step {step} of epoch {at} is applied to {part} twice");
            Survives(part, step + 1, at, unit[part]);
        }
    }

    /// <summary>All of a device is the state of the next step: the dense weights are the same everywhere.</summary>
    public void StepDone(SimProcess process, int at, long step, SimStore store)
    {
        for (int r = 0; r < store.Dense.Length; r++)
        {
            var part = new SimPart(UnitId.Dense(r), -1);
            SimViolation.Unless(
                computed.TryGetValue((part, step + 1), out Dictionary<int, SimState>? states) && states.TryGetValue(at, out SimState owners) && owners.Chain == store.Dense[r],
                "DT-1", () => $"{process.Identity.Incarnation}: dense range {r} after step {step} is not its owner's");
        }
    }

    /// <summary>RC-1: exact mode restores the undisturbed state of the recovery point; bounded-stale mode the dense part of it and no expert newer.</summary>
    public void Restored(SimProcess process, PrepareEpoch m, SimStore store, bool live)
    {
        foreach (SimUnit unit in store.Units)
        {
            foreach (SimPart part in unit.Parts)
            {
                if (!world.Setup.Partial)
                {
                    Exact(part, m.RestoreStep, unit[part], live ? "live state" : "restore");
                }
                else if (part.Expert < 0 || live)
                {
                    SimViolation.Unless(Computed(part, m.RestoreStep).Contains(unit[part]), "RC-1", () => $"{process.Identity.Incarnation}: {part} is not that of step {m.RestoreStep}");
                }
                else
                {
                    SimViolation.Unless(
                        Enumerable.Range(0, (int)m.RestoreStep + 1).Any(v => Computed(part, v).Contains(unit[part])),
                        "RC-1", () => $"{process.Identity.Incarnation}: {part} is of no step up to the recovery point {m.RestoreStep}");
                }

                Survives(part, m.RestoreStep, m.Epoch, unit[part]);
            }
        }

        for (int r = 0; r < store.Dense.Length; r++)
        {
            SimViolation.Unless(
                Computed(new SimPart(UnitId.Dense(r), -1), m.RestoreStep).Any(s => s.Chain == store.Dense[r]), "RC-1", () => $"{process.Identity.Incarnation}: dense range {r} is not that of step {m.RestoreStep}");
        }
    }

    /// <summary>One input's work in the coordinator.</summary>
    public void Stepped(CoordinatorState before, Input input, CoordinatorState after, IReadOnlyList<Effect> effects)
    {
        int? of = input switch
        {
            Input.Prepared e => e.Message.Epoch,
            Input.Reported e => e.Message.Epoch,
            Input.Applied e => e.Message.Epoch,
            Input.Evaluated e => e.Message.Epoch,
            Input.ActorFailed e => e.Message.Epoch,
            _ => null,
        };
        SimViolation.Unless(of is null || of == before.Epoch || (ReferenceEquals(before, after) && effects.Count == 0), "EP-1", () => $"{input.GetType().Name} of epoch {of} changes something in epoch {before.Epoch}");
        foreach (DecidedStep step in effects.OfType<Effect.RecordStep>().Select(e => e.Step))
        {
            SimViolation.Unless(decided.Add((step.Epoch, step.Step)), "ST-1", () => $"step {step.Step} of epoch {step.Epoch} is decided twice");
            SimViolation.Unless(
                before.Participants.All(n => reported.Contains((step.Epoch, step.Step, n.Incarnation))), "ST-1", () => $"step {step.Step} of epoch {step.Epoch} is decided without all reports");
            SimViolation.Unless(step.Skipped == world.Setup.NotFinite.Contains(step.Step), "ST-1", () => $"step {step.Step} is {(step.Skipped ? "" : "not ")}skipped");
        }

        if (after.Phase is RunPhase.Preparing or RunPhase.Running or RunPhase.Applying or RunPhase.Saving or RunPhase.Evaluating or RunPhase.Finishing)
        {
            SimViolation.Unless(after.Ledger.Steps == after.Step && IsExact(after.Ledger), "DA-1", () => $"the ledger of {after.Ledger.Steps} steps, skipped {string.Join(",", after.Ledger.SkippedSteps)}, at step {after.Step}");
        }
    }

    public void Journaled(JournalEntry entry)
    {
        switch (entry)
        {
            case JournalEntry.EpochBegan e:
                SimViolation.Unless(e.Epoch > epoch, "EP-1", () => $"epoch {e.Epoch} begins after epoch {epoch}");
                epoch = e.Epoch;
                break;
            case JournalEntry.CheckpointPublished e:
                var ledger = SampleLedger.FromJson(e.LedgerJson);
                SimViolation.Unless(ledger.Steps == e.Step && IsExact(ledger), "DA-1", () => $"checkpoint {e.Step} has a ledger of {ledger.Steps} steps");
                break;
        }
    }

    /// <summary>The state of a part after so many steps of the surviving history; null when it never was.</summary>
    public SimState? At(SimPart part, long step) => step == 0 ? world.Layout.Initial(part)
        : !world.Setup.Partial ? reference[(int)step][part]
        : surviving.TryGetValue((part, step), out (int Epoch, SimState State) known) ? known.State : null;

    // In bounded-stale mode the same step has another state in each history.
    private SimState[] Computed(SimPart part, long step) => step == 0 ? [world.Layout.Initial(part)]
        : !world.Setup.Partial ? [reference[(int)step][part]]
        : computed.TryGetValue((part, step), out Dictionary<int, SimState>? states) ? [.. states.Values] : [];

    private void Survives(SimPart part, long step, int at, SimState state)
    {
        if (!surviving.TryGetValue((part, step), out (int Epoch, SimState State) known) || known.Epoch <= at)
        {
            surviving[(part, step)] = (at, state);
        }
    }

    /// <summary>DA-1: these steps, each once, and those skipped that are not finite.</summary>
    public bool IsExact(SampleLedger ledger) => ledger.SkippedSteps.SequenceEqual(world.Setup.NotFinite.Where(s => s < ledger.Steps).Order());

    private void Exact(SimPart part, long step, SimState state, string how) => SimViolation.Unless(
        reference[(int)step][part] == state, "RC-1", () => $"{part} after step {step} ({how}) is not that of the undisturbed run");
}
