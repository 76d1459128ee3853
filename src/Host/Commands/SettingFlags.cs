using System.CommandLine;
using MoeActors.Compute.Routing.Gates;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Commands;

/// <summary>Flags of a command that stand for settings, with --config and --set: what becomes of them is one <see cref="SettingsRequest"/>.</summary>
internal sealed class SettingFlags
{
    private readonly MoeCommand _command;
    private readonly List<(Func<ParseResult, string[]?> Values, string Flag, string Key)> _flags = [];
    private readonly Option<string?> _config = new("--config") { HelpName = "FILE", Description = "Settings in HOCON; hocon/moe.conf describes every key. Flags win over it." };
    private readonly Option<string[]> _set = new("--set") { HelpName = "KEY=VALUE", Description = "Any setting, for example --set training.learning-rate=5e-4. May be given several times." };

    /// <summary>Adds --config and --set to <paramref name="command"/>.</summary>
    public SettingFlags(MoeCommand command)
    {
        _command = command;
        command.Add(_config);
        command.Add(_set);
    }

    /// <summary>Adds a flag that stands for <paramref name="key"/>.</summary>
    public SettingFlags Add(string flag, string key, string helpName, string description)
    {
        var option = new Option<string?>(flag) { HelpName = helpName, Description = description };
        if (Words(key) is { } words)
        {
            option.CompletionSources.Add([.. words]);
        }

        _command.Add(option);
        _command.StandsFor(option, key);
        _flags.Add((result => result.GetValue(option) is { } value ? [value] : null, flag, key));
        return this;
    }

    private static IEnumerable<string>? Words(string key) => key switch
    {
        "preset" => Presets.Names,
        "block" => Presets.Blocks,
        "model.moe.gate" => GateCatalogue.All.Select(g => g.Name),
        _ => null,
    };

    /// <summary>Adds a flag that takes several values.</summary>
    public SettingFlags AddList(string flag, string key, string helpName, string description)
    {
        var option = new Option<string[]>(flag) { HelpName = helpName, Description = description, Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = true };
        _command.Add(option);
        _flags.Add((result => result.GetValue(option), flag, key));
        return this;
    }

    /// <summary>The flag of hot spares, where node processes are started.</summary>
    public SettingFlags AddSpares() => Add("--spares", "supervision.spares", "N", "Node processes beyond them that wait for one to be lost.");

    /// <summary>The flags that say where an existing run's text and tokenizer lie by now.</summary>
    public SettingFlags AddPlaces() => this
        .AddList("--data", "data.paths", "FILE|FOLDER|GLOB", "Where the run's text lies by now; its content must be the same.")
        .Add("--tokenizer", "data.tokenizer", "FOLDER", "Where the run's tokenizer lies by now; its content must be the same.");

    /// <summary>The flag that makes an existing run longer.</summary>
    public SettingFlags AddMoreSteps() =>
        Add("--steps", "training.steps", "N", "Steps of the whole run, more than it has: it goes on beyond its recorded end, its learning-rate schedule as recorded unless --set training.… changes it.");

    /// <summary>The flags of a run: model, data, length, place.</summary>
    public SettingFlags AddRun() => this
        .Add("--preset", "preset", "NAME", $"Model and recipe: {string.Join(", ", Presets.Names)}, or a file like those in hocon/presets.")
        .Add("--block", "block", "NAME", $"What its MoE blocks look like: {string.Join(", ", Presets.Blocks)}, or a file like those in hocon/blocks.")
        .Add("--gate", "model.moe.gate", "NAME", "How tokens choose their experts; `moe gates` lists all gates.")
        .AddList("--data", "data.paths", "FILE|FOLDER|GLOB", "Text to train on. Without it: the project's own source and documentation.")
        .Add("--tokenizer", "data.tokenizer", "bytes|FOLDER", "bytes, or a folder with vocab.json and merges.txt.")
        .Add("--nodes", "nodes", "N", "Node processes; never changes results.")
        .Add("--steps", "training.steps", "N", "Optimizer steps of the whole run.")
        .Add("--seed", "training.seed", "N", "Seed of weights, data order and gate noise.")
        .Add("--run-dir", "run-dir", "DIR", "Where the run keeps everything. Without it: runs/<time>-<preset>-<id>.");

    /// <summary>What the command line asks for. --set comes after the flags and wins over them.</summary>
    public SettingsRequest Request(ParseResult result)
    {
        var overrides = new List<SettingOverride>();
        foreach ((Func<ParseResult, string[]?> read, string flag, string key) in _flags)
        {
            if (read(result) is { Length: > 0 } values)
            {
                overrides.Add(new SettingOverride(key, values, flag));
            }
        }

        overrides.AddRange((result.GetValue(_set) ?? []).Select(SettingOverride.Parse));
        return new SettingsRequest { ConfigFile = result.GetValue(_config), Overrides = overrides };
    }
}
