using MoeActors.Actors.Protocol;
using MoeActors.Actors.Training;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Tensors;
using static TorchSharp.torch;

namespace MoeActors.Actors.Faults.Agent.Injectors;

/// <summary>A NaN in the gradient of one expert while the shard computes a step.</summary>
internal sealed class NanGradient(AgentServices node) : StepInjector(node)
{
    public override string Begin(FaultOrder order)
    {
        Node.TellDeviceActor(order.Actor, new InjectedWork((unit, epoch) =>
        {
            if (unit is null || epoch is not { } now)
            {
                return false;
            }

            using Tensor value = unit.Gradient.narrow(0, FirstElement(unit.Layout, (int)order.Number("expert")), 1);
            value.Fill(double.NaN);
            Happened(order, now);
            return true;
        }));
        return $"a NaN in the gradient of expert {order.Text("expert")} of {order.Actor}";
    }

    /// <summary>First element of the shard's <paramref name="index"/>-th expert in its flat tensors.</summary>
    private static long FirstElement(ParameterLayout layout, int index)
    {
        int[] experts = [.. layout.Entries.Select(e => e.Expert).Distinct().Order()];
        int expert = experts[Math.Min(index, experts.Length - 1)];
        return layout.Entries.First(e => e.Expert == expert).Offset;
    }
}
