using System.Text.RegularExpressions;

using ArchUnitNET.Fluent.Slices;
using ArchUnitNET.Loader;
using ArchUnitNET.xUnitV3;

using MoeActors.Actors.Node;
using MoeActors.Compute.Specs;
using MoeActors.Host.Commands;
using MoeActors.Host.Runs;

using static ArchUnitNET.Fluent.ArchRuleDefinition;

namespace MoeActors.Host.Tests.Architecture;

/// <summary>The house: who may know whom. A room is a folder; its name is the namespace's.</summary>
public sealed partial class HouseTests
{
    private static readonly ArchUnitNET.Domain.Architecture House =
        new ArchLoader().LoadAssemblies(typeof(RunSpec).Assembly, typeof(NodeProcess).Assembly, typeof(ExitCodes).Assembly).Build();

    [Fact]
    public void There_is_no_circle_between_folders() => SliceRuleDefinition.Slices().Matching("MoeActors.(**)").Should().BeFreeOfCycles().Check(House);

    [Fact]
    public void Arrows_point_from_the_command_to_the_cluster_and_from_there_to_the_library()
    {
        Types().That().ResideInNamespaceMatching(@"^MoeActors\.Compute(\.|$)").Should().NotDependOnAny(Types().That().ResideInNamespaceMatching(@"^MoeActors\.(Actors|Host)(\.|$)")).Check(House);
        Types().That().ResideInNamespaceMatching(@"^MoeActors\.Actors(\.|$)").Should().NotDependOnAny(Types().That().ResideInNamespaceMatching(@"^MoeActors\.Host(\.|$)")).Check(House);
    }

    [Fact]
    public void Every_namespace_is_its_folder()
    {
        string source = Path.Combine(ProjectFolder.Find(), "src");
        string[] strays =
        [
            .. Directory.EnumerateFiles(source, "*.cs", SearchOption.AllDirectories)
                .Where(f => !f.Contains("/obj/", StringComparison.Ordinal) && !f.Contains("/bin/", StringComparison.Ordinal))
                .Select(f => (File: Path.GetRelativePath(source, f), Match: Namespace().Match(File.ReadAllText(f))))
                .Where(f => f.Match.Success && f.Match.Groups[1].Value != "MoeActors." + Path.GetDirectoryName(f.File)!.Replace('/', '.'))
                .Select(f => $"{f.File}: {f.Match.Groups[1].Value}"),
        ];
        Assert.Empty(strays);
    }

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();
}
