using System.Diagnostics;

namespace MoeActors.Integration.Tests;

/// <summary>Runs a script of eng/.</summary>
internal static class EngScript
{
    /// <summary>Runs it to its end.</summary>
    public static async Task<(int Code, string Output, string Error)> RunAsync(string name, params string[] arguments)
    {
        DirectoryInfo root = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "MoeActors.sln")))
        {
            root = root.Parent ?? throw new DirectoryNotFoundException("the repository is not above the tests");
        }

        var info = new ProcessStartInfo("bash", [Path.Combine(root.FullName, "eng", name), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process script = Process.Start(info)!;
        Task<string> error = script.StandardError.ReadToEndAsync();
        string output = await script.StandardOutput.ReadToEndAsync();
        await script.WaitForExitAsync();
        return (script.ExitCode, output, await error);
    }
}
