using MoeActors.Actors.Exchange;
using MoeActors.Actors.State;
using MoeActors.Compute.Passes;
using MoeActors.Compute.Routing;

using static TorchSharp.torch;

namespace MoeActors.Actors.Training;

/// <summary>Carries a rank's chunks to the expert shards of its EP group, as frames of the data plane.</summary>
/// <param name="context">The epoch.</param>
/// <param name="exchange">Data plane.</param>
/// <param name="from">The rank.</param>
/// <param name="step">Step of the frames.</param>
/// <param name="micro">Micro-batch of the frames; negative for passes without a backward.</param>
internal sealed class RankDispatcher(EpochContext context, IExchange exchange, Endpoint from, long step, int micro) : ITokenDispatcher
{
    private readonly int firstRank = context.Spec.Layout.GroupOf(from.Rank) * context.Spec.Layout.ExpertParallel;

    /// <inheritdoc/>
    public void Send(DispatchKind kind, int cut, DispatchChunk chunk, Tensor rows)
    {
        Purpose purpose = kind == DispatchKind.Forward ? Purpose.Dispatch : Purpose.CombineGradient;
        FrameHeader header = context.Frame(
            purpose, step, from, new Endpoint(EndpointKind.ExpertShard, cut, firstRank + chunk.Position), micro, cut, chunk.Index, chunk.Count);
        exchange.Send(header, Segments.Pack(chunk.Segments), rows);
    }
}
