using System.Globalization;

namespace MoeActors.Compute.Specs;

/// <summary>
/// What a new run may ask for beyond what can be computed: settings with which it would compute something, but not learn. A record that exists is never held against this: what was begun so goes on so.
/// </summary>
public static class SoundTraining
{
    // Below, fp32 rounds to nothing, and a division by nothing is NaN.
    private const double Smallest = 1e-30;

    /// <summary>PURE: throws <see cref="SpecException"/> naming the first setting that makes no training.</summary>
    public static void Require(RunSpec run)
    {
        TrainingSpec training = run.Training;
        Decay(training.Beta1, "training.beta1");
        Decay(training.Beta2, "training.beta2");
        Within(training.Epsilon, Smallest, 1, "training.epsilon");
        Within(training.LearningRate, Smallest, 1e4, "training.learning-rate");
        Within(training.MinLearningRate, 0, 1e4, "training.min-learning-rate");
        Within(training.WeightDecay, 0, 1e4, "training.weight-decay");
        Within(training.ClipNorm, 0, 1e30, "training.clip-norm");
        Within(run.Model.NormEpsilon, Smallest, 1, "model.norm-epsilon");
        Within(run.Model.RopeTheta, 1, 1e15, "model.rope-theta");
        Within(run.Model.InitStd, Smallest, 1e4, "model.init-std");
        Within(run.Model.Moe.CapacityFactor, 0, 1e4, "model.moe.capacity-factor");
        Within(run.Model.Moe.BalanceLoss, 0, 1e6, "model.moe.balance-loss");
        Within(run.Model.Moe.RouterZLoss, 0, 1e6, "model.moe.router-z-loss");
        Router(run.Model.Moe);
    }

    /// <summary>A share that fp32, in which the moments are kept, can tell from 1.</summary>
    private static void Decay(double value, string key) =>
        SpecException.Require(value >= 0 && (float)value < 1, key, Plain(value), "at least 0 and below 1");

    private static void Within(double value, double least, double most, string key) =>
        SpecException.Require(value >= least && value <= most, key, Plain(value), $"between {Plain(least)} and {Plain(most)}");

    /// <summary>The weight of a token's only expert, normalised over that one, is 1 whatever the router says: the loss then has no gradient for it. With one expert there is nothing to choose.</summary>
    private static void Router(MoeSpec moe)
    {
        if (moe.TopK != 1 || moe.Experts == 1)
        {
            return;
        }

        const string Why = "the weight of a token's only expert would be 1 whatever the router says, which then learns nothing from the loss";
        SpecException.Require(
            moe.GateOrder == GateOrder.SoftmaxThenTopK, "model.moe.top-k", moe.TopK, $"model.moe.gate-order = softmax-then-top-k and model.moe.normalize-top-k = off beside it, or 2 and more: {Why}");
        SpecException.Require(!moe.NormalizeTopK, "model.moe.top-k", moe.TopK, $"model.moe.normalize-top-k = off beside it, or 2 and more: {Why}");
    }

    private static string Plain(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
