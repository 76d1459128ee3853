using MoeActors.Compute.Models;
using MoeActors.Compute.Routing;
using static TorchSharp.torch;

namespace MoeActors.Compute.Passes;

/// <summary>What a pass is doing, for whoever watches it.</summary>
public enum PassPhase
{
    /// <summary>Dense stages forward.</summary>
    Forward,

    /// <summary>Rows leave for their experts.</summary>
    Dispatch,

    /// <summary>Dense stages backward.</summary>
    Backward,
}

/// <summary>
/// The only place that knows the order of a pass: runs the stages of the model's <see cref="BlockPlan"/>, forward and in training back again,
/// as far as they need nothing that is still on its way, and goes on with each arrival. It never waits. On one thread.
/// </summary>
public sealed class PassDriver
{
    private readonly ForwardPass pass;
    private readonly ITokenDispatcher to;
    private readonly Action<PassPhase>? entering;
    private readonly RoutingPlan?[] plans;
    private readonly IReadOnlyList<PassStage> stages;
    private int at; // the stage to be run next
    private bool back, running;

    /// <summary>Drives <paramref name="pass"/>, which stays the caller's: forward, and where it is a <see cref="TrainingPass"/> backward too.</summary>
    /// <param name="pass">A pass at its beginning.</param>
    /// <param name="to">Where rows go.</param>
    /// <param name="entering">Told what comes next; null when nobody asks.</param>
    public PassDriver(ForwardPass pass, ITokenDispatcher to, Action<PassPhase>? entering = null)
    {
        ArgumentNullException.ThrowIfNull(pass);
        ArgumentNullException.ThrowIfNull(to);
        (this.pass, this.to, this.entering) = (pass, to, entering);
        stages = pass.Plan.Stages;
        plans = new RoutingPlan?[pass.Plan.Cuts.Count];
    }

    /// <summary>Whether all of the pass has run: forward, and in training backward.</summary>
    public bool Done { get; private set; }

    /// <summary>What a training pass said about its loss when it turned back; null before, and in other passes.</summary>
    public LossParts? Parts { get; private set; }

    /// <summary>The routing plans by cut, as far as they are made.</summary>
    public IReadOnlyList<RoutingPlan> Plans => [.. plans.OfType<RoutingPlan>()];

    /// <summary>Begins the pass.</summary>
    public void Begin()
    {
        entering?.Invoke(PassPhase.Forward);
        Advance();
    }

    /// <summary>Takes the answer to a chunk (ownership passes, also when it throws) and goes on as far as it can.</summary>
    /// <exception cref="InvalidOperationException">ST-2: the chunk was not sent, came before or has another shape.</exception>
    public void Arrived(DispatchKind kind, int cut, ChunkAddress chunk, Tensor rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (running || Done)
        {
            rows.Dispose();
            throw new InvalidOperationException(Done ? $"ST-2: an answer of cut {cut} after the end of its pass" : "an answer from within the call that sent its chunk");
        }

        pass.Accept(kind, cut, chunk, rows);
        Advance();
    }

    private void Advance()
    {
        running = true;
        try
        {
            while (!Done && (back ? Backward() : Forward()))
            {
            }
        }
        finally
        {
            running = false;
        }
    }

    /// <summary>Runs the next stage; false where it has to wait.</summary>
    private bool Forward()
    {
        if (at == stages.Count)
        {
            Turn();
            return true;
        }

        PassStage stage = stages[at];
        switch (stage.Kind)
        {
            case StageKind.Dispatch:
                plans[stage.Cut] = pass.Route(stage.Cut);
                entering?.Invoke(PassPhase.Dispatch);
                Send(DispatchKind.Forward, stage.Cut, pass.DispatchRows(stage.Cut));
                pass.ReleaseRows(stage.Cut);
                entering?.Invoke(PassPhase.Forward);
                break;
            case StageKind.Combine:
                if (!pass.TryCombine(stage.Cut))
                {
                    return false;
                }

                break;
            default:
                pass.Run(stage);
                break;
        }

        at++;
        return true;
    }

    private void Turn()
    {
        if (pass is not TrainingPass training)
        {
            Done = true;
            return;
        }

        Parts = training.ForwardLoss();
        entering?.Invoke(PassPhase.Backward);
        back = true;
    }

    // The stages in reverse: a combine sends its outputs' gradients, a dispatch waits for its rows', and autograd does what lies between.
    private bool Backward()
    {
        var training = (TrainingPass)pass;
        if (at == 0)
        {
            training.Finish();
            Done = true;
            return true;
        }

        PassStage stage = stages[at - 1];
        switch (stage.Kind)
        {
            case StageKind.Combine:
                using (Tensor gradients = training.CombineBackward(stage.Cut))
                {
                    Send(DispatchKind.Backward, stage.Cut, gradients);
                }

                break;
            case StageKind.Dispatch:
                if (!training.TryEndCut(stage.Cut))
                {
                    return false;
                }

                entering?.Invoke(PassPhase.Backward);
                break;
            default:
                break;
        }

        at--;
        return true;
    }

    private void Send(DispatchKind kind, int cut, Tensor rows)
    {
        foreach (DispatchChunk chunk in plans[cut]!.Chunks)
        {
            to.Send(kind, cut, chunk, rows.narrow(0, chunk.FirstRow, chunk.Rows).DetachFromDisposeScope());
        }
    }
}
