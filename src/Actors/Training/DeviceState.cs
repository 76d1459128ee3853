using MoeActors.Actors.Diagnostics;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.Replication;
using MoeActors.Actors.State;
using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;

namespace MoeActors.Actors.Training;

/// <summary>
/// What the parts of a device's supervisor work on together: the epoch it is in, the run's live tensors, and what the coordinator was told. State outlives the actors that work on it. Used on the compute thread only.
/// </summary>
/// <param name="node">What the node's actors share.</param>
/// <param name="services">What the device's actors share.</param>
/// <param name="copies">Copies of other nodes' units.</param>
internal sealed class DeviceState(NodeServices node, DeviceServices services, PeerCopies copies) : IDisposable
{
    public NodeServices Node => node;

    public DeviceServices Services => services;

    public PeerCopies Copies => copies;

    /// <summary>Which orders are known, and what was answered.</summary>
    public OrderDeduplication Orders { get; } = new();

    /// <summary>The epoch this node takes part in; null without.</summary>
    public EpochContext? Context { get; set; }

    /// <summary>The live tensors of the run that is open; null without.</summary>
    public DeviceStore? Store { get; private set; }

    /// <summary>The run's text; null without.</summary>
    public BatchReader? Batches { get; private set; }

    /// <summary>The update that was decided last, as far as this node has heard.</summary>
    public DecidedUpdate? LastDecided { get; set; }

    private Corpus? corpus;

    /// <summary>Whatever was open is closed.</summary>
    public void Close()
    {
        copies.Clear();
        LastDecided = null;
        Store?.Dispose();
        Store = null;
        corpus?.Dispose();
        (corpus, Batches) = (null, null);
    }

    /// <summary>Opens a run's data and state unless it is open already; the actors take them over when they are attached.</summary>
    public void Open(RunSpec spec)
    {
        if (IsOpen(spec))
        {
            return;
        }

        Close();
        ThreadSettings.Apply(spec.Layout.ThreadsPerRank);
        MatmulPrecision.Set(spec.Training.Matmul);
        node.CheckRoom(spec);
        corpus = Corpus.Open(spec.Data, Tokenizers.Open(spec.Data.TokenizerPlace), spec.Model.Context);
        Batches = new BatchReader(spec, corpus);
        Store = new DeviceStore(spec, node.Device);
        LogContext.Run = spec.RunId;
    }

    /// <summary>Whether that run is the one that is open.</summary>
    public bool IsOpen(RunSpec spec) => Store is { } open && Lineage.Of(open.Spec) == Lineage.Of(spec);

    /// <summary>Answers the coordinator.</summary>
    public void Answer(IControlMessage answer)
    {
        Orders.Answered(answer);
        node.TellCoordinator(answer);
    }

    /// <summary>Repeats the newest answer, for an order that came again.</summary>
    public void AnswerAgain(int epoch)
    {
        if (Orders.Again(epoch) is { } answer)
        {
            node.TellCoordinator(answer);
        }
    }

    /// <summary>Tells the coordinator what failed in the epoch.</summary>
    public void Failed(string actor, string reason) => Answer(new NodeFault(Context?.Epoch ?? 0, node.Incarnation, actor, reason));

    public void Dispose()
    {
        copies.Dispose();
        Store?.Dispose();
        corpus?.Dispose();
    }
}
