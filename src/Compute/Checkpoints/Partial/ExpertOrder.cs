using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Checkpoints.Partial;

/// <summary>The order in which the experts of a layer are walked, so that any run of neighbours lies on as many expert-parallel positions as can be.</summary>
public static class ExpertOrder
{
    /// <summary>
    /// Round-robin over the EP positions: the first expert of each, the second of each, …; positions that hold no more are passed over. For even layouts it is
    /// π(i) = (i mod D)·(N/D) + ⌊i/D⌋. A permutation of 0 … <paramref name="experts"/> − 1.
    /// </summary>
    public static IReadOnlyList<int> Of(LogicalLayout layout, int experts)
    {
        ArgumentNullException.ThrowIfNull(layout);
        var order = new List<int>(experts);
        for (int round = 0; order.Count < experts; round++)
        {
            for (int position = 0; position < layout.ExpertParallel; position++)
            {
                (int first, int count) = layout.ExpertsAt(position, experts);
                if (round < count)
                {
                    order.Add(first + round);
                }
            }
        }

        return order;
    }
}
