using System.CommandLine;

using MoeActors.Bench;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Commands;

/// <summary>moe gates, plan, tokenizer, diagnose, bench and setup.</summary>
internal static class ToolCommands
{
    /// <summary>moe gates.</summary>
    public static Command Gates(IHandler<GatesRequest> handler)
    {
        var command = new MoeCommand(
            "gates",
            "Lists gates, capacity policies and auxiliary losses: formula, paper, what each goes by, trains and keeps.",
            "moe gates",
            "moe gates --json");
        Option<bool> json = MoeCommand.JsonOption();
        command.Add(json);
        command.Runs(handler, r => new GatesRequest(r.GetValue(json)));
        return command;
    }

    /// <summary>moe plan.</summary>
    public static Command Plan(IHandler<PlanRequest> handler)
    {
        var command = new MoeCommand(
            "plan",
            "Prints parameters, and bytes for weights, gradients, optimizer and checkpoints by logical rank and node, who writes what of a checkpoint, and what checkpoints and faults cost; allocates nothing.",
            "moe plan gpt-350m-16e --nodes 8",
            "moe plan mixtral-8x7b --ranks 64 --ep 8 --nodes 16 --json",
            "moe plan gpt-350m-16e --ranks 8 --ep 8 --nodes 8 --checkpoint adaptive --k-persist 1 --set training.precision=bf16",
            "moe plan olmoe-1b-7b --checkpoint equal --k-persist 4 --mtbf 6h --step-time 2s --disk 2GiB/s",
            "moe plan --config my.conf");
        var preset = new Argument<string?>("PRESET") { HelpName = "PRESET", Arity = ArgumentArity.ZeroOrOne, Description = $"{string.Join(", ", Presets.Names)}, or a file like those in hocon/presets." };
        preset.CompletionSources.Add([.. Presets.Names]);
        command.Add(preset);
        SettingFlags flags = new SettingFlags(command)
            .Add("--nodes", "nodes", "N", "Nodes the logical ranks are spread over.")
            .Add("--ranks", "layout.ranks", "R", "Logical ranks.")
            .Add("--ep", "layout.expert-parallel", "D", "Ranks that share one copy of the experts.");
        var checkpoint = new CheckpointPlanFlags(command);
        Option<bool> json = MoeCommand.JsonOption();
        command.Add(json);
        command.Runs(handler, r =>
        {
            SettingsRequest request = flags.Request(r);
            if (r.GetValue(preset) is { } name)
            {
                request = request with { Overrides = [new SettingOverride("preset", [name], "PRESET"), .. request.Overrides] };
            }

            MoeSettings settings = SettingsLoader.Load(request);
            return new PlanRequest(settings, checkpoint.Request(r, settings.Run.Model.Moe.Experts), r.GetValue(json));
        });
        return command;
    }

    /// <summary>moe tokenizer train.</summary>
    public static Command Tokenizer(IHandler<TokenizerTrainRequest> handler)
    {
        var train = new MoeCommand(
            "train",
            "Makes vocab.json and merges.txt of a byte-level BPE tokenizer from text.",
            "moe tokenizer train book.txt --vocabulary 4096 --output tokenizers/book");
        var data = new Argument<string[]>("TEXT") { Arity = ArgumentArity.OneOrMore, Description = "Files, folders or globs." };
        var vocabulary = new Option<int>("--vocabulary") { HelpName = "N", DefaultValueFactory = _ => 4096, Description = "Token ids, at least 256." };
        Option<string?> output = MoeCommand.OutputOption("FOLDER", "Folder to write; use it with `moe train --tokenizer FOLDER`.", required: true);
        var binary = new Option<bool>("--binary") { Description = "Take the bytes of files of any kind, not only of text." };
        var force = new Option<bool>("--force") { Description = "Replace a tokenizer that is in the folder. Runs trained with it can then not go on." };
        Option<bool> json = MoeCommand.JsonOption();
        foreach (Option option in (Option[])[vocabulary, output, binary, force, json])
        {
            train.Add(option);
        }

        train.Add(data);
        train.Runs(handler, r => new TokenizerTrainRequest(
            [.. r.GetRequiredValue(data).Select(d => Path.GetFullPath(d))], r.GetValue(vocabulary), Path.GetFullPath(r.GetRequiredValue(output)!), r.GetValue(json))
        {
            Binary = r.GetValue(binary),
            Force = r.GetValue(force),
        });
        return new MoeCommand("tokenizer", "Makes tokenizers.", "moe tokenizer train book.txt --vocabulary 4096 --output tokenizers/book") { train };
    }

    /// <summary>moe diagnose.</summary>
    public static Command Diagnose(IHandler<DiagnoseRequest> handler)
    {
        var command = new MoeCommand(
            "diagnose",
            "Bundles what a bug report needs: record, settings without secrets, logs, report, versions, machine; no data and no weights.",
            "moe diagnose runs/book",
            "moe diagnose runs/book --output book.zip");
        Argument<string> run = RunFolder.Argument();
        Option<string?> output = MoeCommand.OutputOption("FILE", $"Archive to write, *{DiagnoseRequest.Extension}; without it beside the run directory.", required: false);
        Option<bool> json = MoeCommand.JsonOption();
        command.Add(run);
        command.Add(output);
        command.Add(json);
        command.Runs(handler, r => new DiagnoseRequest(
            RunFolder.Existing(r.GetRequiredValue(run)), r.GetValue(output) is { } file ? Archive(Path.GetFullPath(file)) : null, r.GetValue(json)));
        return command;
    }

    private static string Archive(string file) => file.EndsWith(DiagnoseRequest.Extension, StringComparison.OrdinalIgnoreCase)
        ? file
        : throw new CommandException(ExitCodes.CommandLine, $"--output {file}: the archive is a zip; expected a name that ends in {DiagnoseRequest.Extension}");

    /// <summary>moe bench.</summary>
    public static Command Bench(IHandler<BenchRequest> handler)
    {
        var command = new MoeCommand(
            "bench",
            "Measures this build on this machine, beside its baselines, interleaved; medians with spread.",
            "moe bench",
            "moe bench step exchange --json",
            "moe bench checkpoint --preset small --steps 42 --interval 10",
            "moe bench plt-quality --data book.txt --k 1,2 --levels two --dynamic",
            "moe bench gates --data book.txt --gates top-k,deepseek-v3 --seeds 3 --picture gates.png",
            "moe bench versus --against ../last-week");
        var cases = new Argument<string[]>("CASE")
        {
            HelpName = "CASE",
            Arity = ArgumentArity.ZeroOrMore,
            Description = $"{string.Join(", ", CaseNames.All)}; without any, all but {string.Join(" and ", CaseNames.OnlyAsked)}.",
        };
        cases.CompletionSources.Add([.. CaseNames.All]);
        command.Add(cases);
        Option<int?> runs = Count("--runs", "Rounds of each benchmark; without it, each benchmark's own number.");
        Option<int?> mib = Count("--mib", "Size of the state where a benchmark has one (storage); without it, its own.");
        var preset = new Option<string?>("--preset") { HelpName = "NAME", Description = "checkpoint, plt-quality, gates, versus: preset that is trained; without it, gpt-125m-8e, small, small and tiny." };
        preset.CompletionSources.Add([.. Presets.Names]);
        command.Add(preset);
        Option<int?> steps = Count("--steps", "checkpoint: steps measured in each run; without it, enough for three checkpoints. plt-quality: steps of each run; without it, 2000. gates: likewise, 500. versus: steps measured in each run; without it, 200.");
        Option<int?> interval = Count("--interval", "checkpoint, plt-quality: steps between checkpoints; without it, 4 and 10.");
        var precision = new Option<string?>("--precision") { HelpName = "P", Description = "checkpoint: auto, fp32 or bf16; without it, bf16 where the processor has units for it." };
        precision.AcceptOnlyFromAmong("auto", "fp32", "bf16");
        command.Add(precision);
        var tokenizer = new Option<string?>("--tokenizer") { HelpName = "FOLDER", Description = "checkpoint: folder of a BPE tokenizer for the preset's vocabulary; without it, bytes." };
        command.Add(tokenizer);
        var against = new Option<string?>("--against") { HelpName = "FOLDER", Description = "versus: the other build: a clone in which ./moe has built another commit." };
        command.Add(against);
        var kills = new Option<int?>("--kills") { HelpName = "N", Description = "versus: kill -9 of a node in each build's run, or 0; without it, 30." };
        command.Add(kills);
        var picture = new Option<string?>("--picture") { HelpName = "FILE", Description = "gates: also a picture of it, a .png." };
        command.Add(picture);
        var quality = new QualityFlags(command);
        Option<bool> json = MoeCommand.JsonOption();
        command.Add(json);
        command.Runs(handler, r => new BenchRequest(Known(r.GetValue(cases) ?? []), r.GetValue(runs), r.GetValue(mib), r.GetValue(json))
        {
            Preset = Known(r.GetValue(preset)),
            Steps = r.GetValue(steps),
            Interval = r.GetValue(interval),
            Precision = r.GetValue(precision),
            Tokenizer = r.GetValue(tokenizer) is { } folder ? Path.GetFullPath(folder) : null,
            Against = r.GetValue(against) is { } other ? Path.GetFullPath(other) : null,
            Kills = r.GetValue(kills),
            Picture = r.GetValue(picture) is { } file ? Picture(file, r.GetValue(cases) ?? []) : null,
            Quality = quality.Request(r),
        });
        return command;

        Option<int?> Count(string name, string description)
        {
            var option = new Option<int?>(name) { HelpName = "N", Description = description };
            option.Validators.Add(result =>
            {
                if (result.Tokens is [{ Value: var text }] && int.TryParse(text, out int count) && count < 1)
                {
                    result.AddError($"{name} {text}: expected at least 1");
                }
            });
            command.Add(option);
            return option;
        }
    }

    private static string Picture(string file, string[] cases) => (file.EndsWith(".png", StringComparison.OrdinalIgnoreCase), cases.Contains(CaseNames.Gates)) switch
    {
        (false, _) => throw new CommandException(ExitCodes.CommandLine, $"--picture {file}: the picture is a PNG; expected a name that ends in .png"),
        (_, false) => throw new CommandException(ExitCodes.CommandLine, $"--picture {file}: only `moe bench {CaseNames.Gates}` draws one"),
        _ => Path.GetFullPath(file),
    };

    /// <summary>The names of benchmarks, if there are such: known here, so that a slip of the pen does not cost a build.</summary>
    private static string[] Known(string[] cases)
    {
        foreach (string name in cases.Where(name => !CaseNames.All.Contains(name)))
        {
            string hint = Suggestions.Nearest(name, CaseNames.All) is { } near ? $"did you mean {near}? " : "";
            throw new CommandException(ExitCodes.CommandLine, $"{name}: no such benchmark; {hint}There are {string.Join(", ", CaseNames.All)}");
        }

        return cases;
    }

    private static string? Known(string? preset)
    {
        if (preset is not null)
        {
            Presets.Open(preset, "--preset", Environment.CurrentDirectory);
        }

        return preset;
    }

    /// <summary>moe setup.</summary>
    public static Command Setup(IHandler<SetupRequest> handler)
    {
        var command = new MoeCommand(
            "setup",
            "Checks and installs the system packages that are missing, builds, and says what was found. Other commands do the same where needed.",
            "moe setup");
        Option<bool> json = MoeCommand.JsonOption();
        command.Add(json);
        command.Runs(handler, r => new SetupRequest(r.GetValue(json)));
        return command;
    }
}
