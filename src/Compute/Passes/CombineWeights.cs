using MoeActors.Compute.Routing;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Passes;

/// <summary>One number per row of a plan: the router's weights, or their gradients. fp32; fp64 where the pass is.</summary>
internal sealed class CombineWeights
{
    private readonly ScalarType dtype;

    public CombineWeights(int rows, ScalarType dtype)
    {
        this.dtype = dtype;
        (Single, Double) = dtype == ScalarType.Float64 ? ([], new double[rows]) : (new float[rows], Array.Empty<double>());
    }

    public float[] Single { get; }

    public double[] Double { get; }

    /// <summary>The rows' entries of a [t, k] table.</summary>
    public static CombineWeights FromTable(RoutingPlan plan, Tensor table)
    {
        int k = (int)table.size(1);
        var rows = new CombineWeights(plan.Rows, table.dtype);
        using Tensor local = table.detach().cpu();
        if (table.dtype == ScalarType.Float64)
        {
            double[] all = local.data<double>().ToArray();
            Pick(plan, k, all, rows.Double);
        }
        else
        {
            float[] all = local.data<float>().ToArray();
            Pick(plan, k, all, rows.Single);
        }

        return rows;
    }

    /// <summary>[t, k] on <paramref name="device"/> with each row's number at its token and slot, 0 where the choice was dropped. The caller owns it.</summary>
    public Tensor ToTable(RoutingPlan plan, int k, Device device)
    {
        using Tensor flat = dtype == ScalarType.Float64 ? tensor(Spread(plan, k, Double)) : tensor(Spread(plan, k, Single));
        using Tensor local = flat.view(plan.Tokens, k);
        return local.to(device);
    }

    private static void Pick<T>(RoutingPlan plan, int k, T[] table, T[] rows)
    {
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = table[(plan.Token[i] * k) + plan.Slot[i]];
        }
    }

    private static T[] Spread<T>(RoutingPlan plan, int k, T[] rows)
    {
        var table = new T[plan.Tokens * k];
        for (int i = 0; i < rows.Length; i++)
        {
            table[(plan.Token[i] * k) + plan.Slot[i]] = rows[i];
        }

        return table;
    }
}
