using System.CommandLine;
using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Checkpoints.Sharding;
using MoeActors.Compute.Specs;

namespace MoeActors.Host.Commands;

/// <summary>The flags of moe plan that ask for a checkpoint: --checkpoint, --k-persist, --pec-mask, and those of its cost (<see cref="CostFlags"/>).</summary>
internal sealed class CheckpointPlanFlags
{
    private const string ModeFlag = "--checkpoint", ExpertsFlag = "--k-persist", MaskFlag = "--pec-mask", DefaultMask = "eq6";

    private readonly Option<string?> _mode = new(ModeFlag) { HelpName = "MODE", Description = $"Also show who writes what of a checkpoint, and what checkpoints and faults will cost: {string.Join(", ", ShardingModes.Names)}." };
    private readonly Option<int?> _experts = new(ExpertsFlag) { HelpName = "K", Description = "Experts of each MoE layer saved completely; without it all. Shows the worst and the mean over the rotation." };
    private readonly Option<string?> _mask = new(MaskFlag)
    {
        HelpName = "MASK",
        Description = $"What is left out of the other experts: w (weights), o (m, v), wo (both), eq6 (everything), or a comma list of slots; {DefaultMask} without it.",
    };

    private readonly CostFlags _cost;

    /// <summary>Adds the flags to <paramref name="command"/>.</summary>
    public CheckpointPlanFlags(Command command)
    {
        command.Add(_mode);
        command.Add(_experts);
        command.Add(_mask);
        _cost = new CostFlags(command);
    }

    /// <summary>What was asked for, null where nothing was; throws what says which flag cannot be.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="experts">model.moe.experts.</param>
    public CheckpointPlanRequest? Request(ParseResult result, int experts)
    {
        (string? mode, int? k, string? mask) = (result.GetValue(_mode), result.GetValue(_experts), result.GetValue(_mask));
        string? alone = k is not null ? ExpertsFlag : mask is not null ? MaskFlag : _cost.Given(result);
        if (mode is null && alone is not null)
        {
            throw new CommandException(ExitCodes.CommandLine, $"{alone} is of the checkpoint that {ModeFlag} shows; expected {ModeFlag} {string.Join('|', ShardingModes.Names)} beside it");
        }

        if (mode is null)
        {
            return null;
        }

        SpecException.Require(k is null || (k >= 1 && k <= experts), ExpertsFlag, k ?? 0, $"between 1 and model.moe.experts = {experts}");
        if (k is null && mask is not null)
        {
            throw new CommandException(ExitCodes.CommandLine, $"{MaskFlag} {mask} is about experts that are not saved; expected {ExpertsFlag} K beside it");
        }

        return new CheckpointPlanRequest(ShardingModes.Parse(mode, ModeFlag), k ?? experts, PecMask.Parse(mask ?? DefaultMask, MaskFlag), _cost.Assumptions(result));
    }
}
