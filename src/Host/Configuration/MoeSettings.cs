using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;

namespace MoeActors.Host.Configuration;

/// <summary>The settings of one command, complete and validated.</summary>
/// <param name="Run">The run's record; its data hashes are not resolved yet.</param>
/// <param name="Runtime">Everything else.</param>
/// <param name="Preset">Preset the run started from.</param>
/// <param name="Values">Every key with the value that won and where it was written.</param>
/// <param name="Notes">Sentences the user should see: settings that follow from others.</param>
internal sealed record MoeSettings(
    RunSpec Run, RuntimeSettings Runtime, string Preset, IReadOnlyDictionary<string, SettingValue> Values, IReadOnlyList<string> Notes);

/// <summary>What settings are to be loaded from.</summary>
internal sealed record SettingsRequest
{
    /// <summary>File of --config; null = none.</summary>
    public string? ConfigFile { get; init; }

    /// <summary>Whether the file is one that a supervisor wrote into a run folder, not one of the user's: its values are literal.</summary>
    public bool ConfigIsWritten { get; init; }

    /// <summary>Run directory whose last start says how its object store is reached, below file and flags; null = none.</summary>
    public string? RunDirectory { get; init; }

    /// <summary>Settings of the command line, in order.</summary>
    public IReadOnlyList<SettingOverride> Overrides { get; init; } = [];

    /// <summary>Folder that relative paths of the command line start at.</summary>
    public string WorkingFolder { get; init; } = Environment.CurrentDirectory;

    /// <summary>Whether precision "auto" means bf16.</summary>
    public bool BFloat16 { get; init; } = Devices.CpuHasBFloat16();
}
