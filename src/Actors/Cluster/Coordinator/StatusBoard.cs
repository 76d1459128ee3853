using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>What the coordinator tells those who ask how the run is. Owned by the coordinator.</summary>
internal sealed class StatusBoard
{
    private const int KeptEvents = 1000;
    private readonly Queue<(long Number, string Text)> events = new();
    private readonly Queue<(double Ms, long Tokens)> recent = new();
    private long number;
    private double loss = double.NaN, validation = double.NaN;
    private long checkpoint = -1;
    private int slowest = -1;

    public void Reset()
    {
        recent.Clear();
        (loss, validation, checkpoint, slowest) = (double.NaN, double.NaN, -1, -1);
    }

    public void Event(string text)
    {
        events.Enqueue((++number, text));
        if (events.Count > KeptEvents)
        {
            events.Dequeue();
        }
    }

    public void Step(DecidedStep step, double ms)
    {
        (loss, slowest) = (step.Loss, step.SlowestRank);
        recent.Enqueue((ms, step.Tokens));
        if (recent.Count > 20)
        {
            recent.Dequeue();
        }
    }

    public void Validation(long step, double value)
    {
        validation = value;
        Event($"validation loss after step {step}: {value:0.0000}");
    }

    public void Checkpoint(long step) => checkpoint = step;

    /// <summary>Steps that are done. Before an epoch has begun, and after a run has ended under another coordinator, the newest checkpoint knows it better than the state of this one.</summary>
    private static long StepOf(CoordinatorState state) => state.Phase is RunPhase.Idle or RunPhase.Gathering or RunPhase.Surveying or RunPhase.Preparing or RunPhase.Ended
        ? Math.Max(state.Step, state.NewestCheckpoint)
        : state.Step;

    public RunStatus Answer(StatusQuery query, CoordinatorState state, double ettr)
    {
        double seconds = recent.Sum(r => r.Ms) / 1000;
        return new RunStatus(
            state.Phase.ToString().ToLowerInvariant(), state.Spec?.RunId ?? "", state.RunFolder, state.Epoch, StepOf(state), state.Spec?.Training.Steps ?? 0,
            loss, validation, seconds > 0 ? recent.Sum(r => r.Tokens) / seconds : 0, recent.Count > 0 ? seconds / recent.Count : 0, state.Members.Count, state.WantedNodes,
            checkpoint >= 0 ? checkpoint : state.NewestCheckpoint > 0 ? state.NewestCheckpoint : -1, slowest, state.Outcome, number,
            events.Where(e => e.Number > query.SinceEvent).Select(e => e.Text).ToArray(),
            state.Members.Values.Select(n => $"{n.Name} pid {n.Pid}").ToArray(), LostTokens.Share(state.Spec, state.Plt) ?? double.NaN, ettr)
        { Cause = state.Cause };
    }
}
