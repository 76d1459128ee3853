using MoeActors.Actors.Exchange;
using MoeActors.Actors.State;

using static TorchSharp.torch;

namespace MoeActors.Actors.Replication;

/// <summary>
/// Sends a unit's reduced gradient to the nodes that hold copies of it: a third of its state's bytes, from which the copies make the same update. The memory stays as it is until the step is decided, and
/// that is after every copy has its gradient: nothing is copied here.
/// </summary>
internal static class GradientCopies
{
    /// <summary>Sends the gradient the unit keeps.</summary>
    public static void Send(EpochContext context, UnitState unit, Endpoint source, IExchange exchange)
    {
        foreach (int host in context.Copies.HostsOf[context.Self])
        {
            using Tensor flat = unit.Reduced!.alias();
            exchange.Send(
                context.Frame(Purpose.CopyGradient, unit.Step, source, new Endpoint(EndpointKind.Device, 0, host), layer: unit.Ordinal), [], unit.Count == 0 ? null : flat.view(1, unit.Count));
        }
    }
}
