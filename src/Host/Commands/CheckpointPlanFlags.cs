using System.CommandLine;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Sharding;
using MoeActors.Compute.Models;

namespace MoeActors.Host.Commands;

/// <summary>The flags of moe plan that ask for a checkpoint: --checkpoint, --k-persist, --pec-mask.</summary>
internal sealed class CheckpointPlanFlags
{
    private const string ModeFlag = "--checkpoint", ExpertsFlag = "--k-persist", MaskFlag = "--pec-mask", DefaultMask = "wo";

    private readonly Option<string?> _mode = new(ModeFlag) { HelpName = "MODE", Description = $"Also show who writes what of a checkpoint: {string.Join(", ", ShardingModes.Names)}." };
    private readonly Option<int?> _experts = new(ExpertsFlag) { HelpName = "K", Description = "Experts of each MoE layer saved completely; without it all. Shows the worst and the mean over the rotation." };
    private readonly Option<string?> _mask = new(MaskFlag)
    {
        HelpName = "MASK",
        Description = $"What is left out of the other experts: w (weights), o (m, v), wo (both), eq6 (everything); {DefaultMask} without it.",
    };

    /// <summary>Adds the flags to <paramref name="command"/>.</summary>
    public CheckpointPlanFlags(Command command)
    {
        command.Add(_mode);
        command.Add(_experts);
        command.Add(_mask);
    }

    /// <summary>What was asked for, null where nothing was; throws what says which flag cannot be.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="experts">model.moe.experts.</param>
    public CheckpointPlanRequest? Request(ParseResult result, int experts)
    {
        (string? mode, int? k, string? mask) = (result.GetValue(_mode), result.GetValue(_experts), result.GetValue(_mask));
        if (mode is null && (k is not null || mask is not null))
        {
            throw new CommandException(ExitCodes.CommandLine, $"{(k is null ? MaskFlag : ExpertsFlag)} is of the checkpoint that {ModeFlag} shows; expected {ModeFlag} {string.Join('|', ShardingModes.Names)} beside it");
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

        var request = new CheckpointPlanRequest(ShardingModes.Parse(mode, ModeFlag), k ?? experts, mask ?? DefaultMask);
        _ = SavesUnselected(request.Mask);
        return request;
    }

    /// <summary>Whether a slot of an expert that is not selected is still saved under a mask; throws <see cref="SpecException"/> on an unknown one.</summary>
    public static Func<string, bool> SavesUnselected(string mask) => mask switch
    {
        "w" => slot => slot != Slots.Weights,
        "o" => slot => slot is Slots.Weights or Slots.Master,
        "wo" => slot => slot == Slots.Master,
        "eq6" => _ => false,
        _ => throw new SpecException($"{MaskFlag} = {mask}: expected w, o, wo or eq6"),
    };
}
