using System.Collections.Immutable;

using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Specs;

using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>
/// PURE: finds peers that hang by the deadline of the step itself, learned from the run's own steps. Membership sees dead and silent machines, the data plane broken connections; what is left are processes that
/// live and answer and do not get on, and messages lost without a trace. Who does not answer, or has not come back from one piece of work all that time, hangs: its process is ended. Where nobody hangs the step is
/// computed again. Each time without a step between doubles the next deadline, so that a machine which has become slow gets on, and counts against the budget of failures.
/// </summary>
internal static class StuckSteps
{
    /// <summary>Steps a coordinator has seen before it judges one by them.</summary>
    public const int LeastSteps = 8;

    /// <summary>Ticks an answer may take.</summary>
    public const int AnswerTicks = 2;

    /// <summary>Name of what failed among the run's failures.</summary>
    private const string Actor = "step";

    /// <summary>What the step in hand, or the evaluation after it, may take, from the last sign of it, in ms.</summary>
    public static double DeadlineMs(CoordinatorState state)
    {
        RecoverySpec spec = state.Spec!.Recovery ?? new RecoverySpec();
        ImmutableList<double> steps = state.Measured.IterationMs;
        if (spec.StepDeadline == 0)
        {
            return double.PositiveInfinity;
        }

        // Of a few steps nothing can be learned, and of steps nothing for an evaluation; but what never ends must not be waited for for ever.
        double least = steps.Count < LeastSteps || state.Phase == RunPhase.Evaluating ? Math.Max(spec.StepDeadlineFirst, spec.StepDeadlineLeast) : spec.StepDeadlineLeast;
        return Math.Max(least * 1000, spec.StepDeadline * steps.DefaultIfEmpty().Max()) * Math.Pow(2, state.Failures.Count(f => f.Actor == Actor));
    }

    /// <summary>Reacts to the passing of time.</summary>
    public static CoordinatorState OnTick(CoordinatorState state, List<Effect> effects)
    {
        if (state.Phase is not (RunPhase.Running or RunPhase.Applying or RunPhase.Evaluating))
        {
            return state;
        }

        if (state.Inquiry is { } inquiry)
        {
            return state.QuietTicks - inquiry.AskedAt < AnswerTicks ? state : Decide(state, inquiry, effects);
        }

        double deadline = DeadlineMs(state);
        if (state.QuietTicks * UnansweredOrders.Tick.TotalMilliseconds < deadline)
        {
            return state;
        }

        CoordinatorMachine.TellAll(state, new AskProgress(state.Epoch, state.Step), effects);
        return state with { Inquiry = new StuckInquiry(deadline, state.QuietTicks, ImmutableSortedDictionary<string, NodeProgress>.Empty) };
    }

    /// <summary>A node answers.</summary>
    public static CoordinatorState OnProgress(CoordinatorState state, NodeProgress e, List<Effect> effects)
    {
        if (state.Inquiry is not { } inquiry || e.Epoch != state.Epoch || e.Step != state.Step || !state.Participants.Any(n => n.Incarnation == e.Node))
        {
            return state;
        }

        inquiry = inquiry with { Answers = inquiry.Answers.SetItem(e.Node, e) };
        CoordinatorState next = state with { Inquiry = inquiry };
        return inquiry.Answers.Count < state.Participants.Count ? next : Decide(next, inquiry, effects);
    }

    /// <summary>Whether any node has begun something since it was asked last, or was not asked before, and none is at one piece of work for too long or silent.</summary>
    private static bool GetsOn(CoordinatorState state, StuckInquiry inquiry) =>
        state.Participants.All(n => inquiry.Answers.TryGetValue(n.Incarnation, out NodeProgress? answer) && answer.LaneBusyMs < inquiry.DeadlineMs)
        && inquiry.Answers.Values.Any(a => !state.Moves.TryGetValue(a.Node, out long before) || before != a.Moves);

    private static CoordinatorState Decide(CoordinatorState state, StuckInquiry inquiry, List<Effect> effects)
    {
        if (inquiry.Answers.IsEmpty)
        {
            // Nobody hears this coordinator: membership decides about that. Ask again.
            return state with { Inquiry = null };
        }

        if (state.Phase == RunPhase.Evaluating && GetsOn(state, inquiry))
        {
            // Nodes say nothing of an evaluation before its end, however long that is: while one of them still computes, it is not stuck.
            return state with { Inquiry = null, QuietTicks = 0, Moves = inquiry.Answers.Values.ToImmutableSortedDictionary(a => a.Node, a => a.Moves) };
        }

        string what = state.Phase == RunPhase.Evaluating ? $"the evaluation after {state.Step} steps" : $"step {state.Step}";
        string late = $"{what} has not got on for {state.QuietTicks * UnansweredOrders.Tick.TotalSeconds:0} s (recovery.step-deadline allows {inquiry.DeadlineMs / 1000:0.#} s)";
        CoordinatorState next = state with { Inquiry = null };
        var found = new List<string>();
        foreach (NodeIdentity node in state.Participants)
        {
            string? hangs = !inquiry.Answers.TryGetValue(node.Incarnation, out NodeProgress? answer) ? "does not answer"
                : answer.LaneBusyMs >= inquiry.DeadlineMs ? $"has been at one piece of work for {answer.LaneBusyMs / 1000:0.#} s ({answer.Doing})"
                : null;
            if (hangs is not null)
            {
                string reason = $"{late}: {node.Name} {hangs}";
                found.Add($"{node.Name} {hangs}");
                effects.Add(new Effect.FaultDetected(node.Name, "node-hung", reason, state.Step, node.Incarnation));
                next = ActorFailures.EndNode(next, node, reason, effects) with { Failures = next.Failures.Add(new ActorFailure(node.Name, Actor, state.Step, reason)) };
                if (answer is null)
                {
                    effects.Add(new Effect.Down(node));
                }
            }
        }

        string why = found.Count > 0 ? string.Join(", ", found) : $"nobody hangs ({string.Join(", ", state.Participants.Select(n => $"{n.Name}: {inquiry.Answers[n.Incarnation].Doing}"))}): a message was lost";
        if (found.Count == 0)
        {
            effects.Add(new Effect.FaultDetected(Actor, "step-stuck", $"{late}: {why}", state.Step));
            next = next with { Failures = next.Failures.Add(new ActorFailure("run", Actor, state.Step, why)) };
        }

        FailureDecision decision = FailurePolicy.Decide(next.Failures);
        return decision.Scope == FailureScope.Run
            ? CoordinatorMachine.Fail(next, FailureCause.RestartBudget, $"{late}: {why}; failure without a step between number {next.Failures.Count}", effects)
            : ActorFailures.Abort(next, decision.Pause, $"{late}: {why}", effects);
    }
}
