using System.Collections.Immutable;
using System.Reflection.Metadata;

namespace MoeActors.Tests.CompiledCode;

/// <summary>Names of methods in a file's metadata, the same for a definition and for a reference to it from another file.</summary>
internal sealed class MethodNames(MetadataReader metadata) : ISignatureTypeProvider<string, object?>
{
    /// <summary><c>Namespace.Type+Nested::Method(Parameter,…)</c>, or empty for what is no method.</summary>
    public string Of(EntityHandle handle)
    {
        switch (handle.Kind)
        {
            case HandleKind.MethodDefinition:
                MethodDefinition definition = metadata.GetMethodDefinition((MethodDefinitionHandle)handle);
                return Name(definition.GetDeclaringType(), definition.Name, definition.DecodeSignature(this, null));
            case HandleKind.MemberReference when metadata.GetMemberReference((MemberReferenceHandle)handle) is var reference
                && reference.GetKind() == MemberReferenceKind.Method:
                return Name(reference.Parent, reference.Name, reference.DecodeMethodSignature(this, null));
            case HandleKind.MethodSpecification:
                return Of(metadata.GetMethodSpecification((MethodSpecificationHandle)handle).Method);
            default:
                return "";
        }
    }

    private string Name(EntityHandle type, StringHandle name, MethodSignature<string> signature) =>
        $"{Type(type)}::{metadata.GetString(name)}({string.Join(",", signature.ParameterTypes)})";

    private string Type(EntityHandle handle)
    {
        switch (handle.Kind)
        {
            case HandleKind.TypeDefinition:
                TypeDefinition definition = metadata.GetTypeDefinition((TypeDefinitionHandle)handle);
                TypeDefinitionHandle outer = definition.GetDeclaringType();
                return (outer.IsNil ? $"{metadata.GetString(definition.Namespace)}." : $"{Type(outer)}+") + metadata.GetString(definition.Name);
            case HandleKind.TypeReference:
                TypeReference reference = metadata.GetTypeReference((TypeReferenceHandle)handle);
                bool nested = reference.ResolutionScope.Kind == HandleKind.TypeReference;
                return (nested ? $"{Type(reference.ResolutionScope)}+" : $"{metadata.GetString(reference.Namespace)}.") + metadata.GetString(reference.Name);
            default:
                return "?";
        }
    }

    public string GetArrayType(string elementType, ArrayShape shape) => $"{elementType}[{shape.Rank}]";

    public string GetByReferenceType(string elementType) => $"{elementType}&";

    public string GetFunctionPointerType(MethodSignature<string> signature) => "function";

    public string GetGenericInstantiation(string genericType, ImmutableArray<string> typeArguments) => $"{genericType}<{string.Join(",", typeArguments)}>";

    public string GetGenericMethodParameter(object? genericContext, int index) => $"!!{index}";

    public string GetGenericTypeParameter(object? genericContext, int index) => $"!{index}";

    public string GetModifiedType(string modifier, string unmodifiedType, bool isRequired) => unmodifiedType;

    public string GetPinnedType(string elementType) => elementType;

    public string GetPointerType(string elementType) => $"{elementType}*";

    public string GetPrimitiveType(PrimitiveTypeCode typeCode) => $"{typeCode}";

    public string GetSZArrayType(string elementType) => $"{elementType}[]";

    public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) => Type(handle);

    public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) => Type(handle);

    public string GetTypeFromSpecification(MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) => "?";
}
