using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Routing.Losses;

/// <summary>Losses of the router's own rows, which no token plays a part in. Each routing group gives the same; the mean over groups is that.</summary>
/// <param name="name">Its name.</param>
/// <param name="formula">What it computes.</param>
/// <param name="paper">Where it comes from.</param>
/// <param name="usual">Its usual coefficient.</param>
/// <param name="of">Its value for the router [N, d]: the caller's scope's.</param>
public sealed class RouterShapeLoss(string name, string formula, string paper, double usual, Func<Tensor, Tensor> of) : IAuxiliaryLoss
{
    /// <summary>All of them.</summary>
    internal static IReadOnlyList<IAuxiliaryLoss> All { get; } =
    [
        new RouterShapeLoss("diversity", "‖W·Wᵀ - I‖ + mean ‖w_e‖", "DynMoE 2405.14297", 0.01, Diversity),
        new RouterShapeLoss("orthogonality", "Σ_{i≠j} cos²(w_i, w_j)", "ERNIE 4.5; 2505.22323", 0.001, Orthogonality),
    ];

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public string Formula => formula;

    /// <inheritdoc/>
    public string Paper => paper;

    /// <inheritdoc/>
    public double PaperCoefficient => usual;

    /// <inheritdoc/>
    public Tensor Of(GateOutput gate, RoutingPlan plan, RoutingGroup group)
    {
        ArgumentNullException.ThrowIfNull(gate);
        using DisposeScope scope = NewDisposeScope();
        return of(gate.Router ?? throw new InvalidOperationException($"the loss {name} asks for the router's rows, which the gate has not given")).MoveToOuterDisposeScope();
    }

    private static Tensor Diversity(Tensor router)
    {
        Tensor away = mm(router, router.t()) - eye(router.size(0), dtype: router.dtype, device: router.device);
        return (away * away).sum().sqrt().Plus((router * router).sum(1).Plus(1e-20).sqrt().mean());
    }

    private static Tensor Orthogonality(Tensor router)
    {
        Tensor rows = nn.functional.normalize(router, 2, 1, 1e-12), cos = mm(rows, rows.t());
        return (cos * cos).sum() - (cos.diagonal() * cos.diagonal()).sum();
    }
}
